"""Work to be timed: ours and, beside it, that of what it is measured against."""

"""Many episodes on several processes, kept row by row so that a run can be broken off and taken up again."""

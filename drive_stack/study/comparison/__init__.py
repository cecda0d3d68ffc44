"""How two arms compare: where one overtakes the other, at equal amounts, and at equal success."""

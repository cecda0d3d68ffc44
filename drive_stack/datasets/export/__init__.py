"""Export of recorded drives to the formats of LeRobot, Minari and Rerun."""

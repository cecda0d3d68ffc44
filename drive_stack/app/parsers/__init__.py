"""The options of each command. These modules import nothing slow, so that ``--help`` answers at once."""

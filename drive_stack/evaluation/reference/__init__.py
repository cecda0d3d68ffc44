"""The expert's drives that come with the program, so that nobody has to drive them again."""

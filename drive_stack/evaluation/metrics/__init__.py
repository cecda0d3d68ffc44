"""One pure function for each measure; each names its source."""

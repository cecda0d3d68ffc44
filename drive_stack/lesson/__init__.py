"""The lesson "Pipeline or end to end?": a page made from the rows and films that exist."""

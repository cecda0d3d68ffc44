"""The report of the study, from its tables alone: a page with its tables, and a plot for each axis."""

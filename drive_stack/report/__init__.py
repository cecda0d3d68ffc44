"""The report of an evaluation: one page for people, with everything it shows inside."""

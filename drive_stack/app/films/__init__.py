"""Films for the report that need a drive of their own."""

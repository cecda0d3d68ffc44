"""Runs the data-scaling study: records the pool, trains the arms, drives the courses, writes the tables.

`drive_stack.study` holds the plan and the analysis. docs/study/running.md says how to run it.
"""

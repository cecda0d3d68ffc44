"""The data-scaling study: success against the amount of data, from committed rows alone.

`records` are the rows, `analysis` is what the report is made from. docs/study/protocol.md says what is
measured and why each method was chosen.
"""

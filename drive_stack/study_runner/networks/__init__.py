"""The networks that the arms of the study consist of, each trained from a subset of the pool."""

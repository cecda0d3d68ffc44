"""Explains failures by intervention: a drive is repeated with one thing changed. Does it still fail?"""

"""A scenario that ends after a few seconds."""

SHORT = """\
name: short
description: A few seconds of driving.
source: made for this test
road: {kind: straight}
speed_limit_kmh: 110
route_length: {min: 45, max: 60}
time_limit: 20
traffic: {density: 8}
"""

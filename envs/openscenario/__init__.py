"""Conversion of OpenSCENARIO XML files to scenario files."""

"""Comparison of lateral controllers in closed loop on reference paths, with injected dynamics."""

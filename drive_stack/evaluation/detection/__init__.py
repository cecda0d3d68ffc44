"""Detections compared with labels: ground truth, classes and average precision."""

"""Detections against labels: ground truth, classes and average precision."""

"""Labels of the lane network: everything at the anchors of its view, where the image shows it."""

from __future__ import annotations

import numpy as np

from drive_stack.learning.lanes.batches import Labels
from drive_stack.perception.ground_shape import interpolate_distances
from drive_stack.perception.lanes_ground import GroundGrid


def image_labels(labels: Labels, grid: GroundGrid) -> Labels:
    """Convert the labels of `lane_truth` from positions on the ground to positions in the view.

    The network learns to measure what it sees. What a pitched camera and hills do to it is a matter of
    geometry, which is left to `FilteredLanes`.
    """
    shown = np.isfinite(labels["x_image"])
    if not shown.any():
        nothing = {name: np.zeros_like(labels[name]) for name in ("inside", "clear")}
        return labels | nothing
    true_distance = labels["x_image"][shown].astype(np.float64)
    apparent_distance = grid.anchors[shown]
    apparent_ends = interpolate_distances(labels["ends"].astype(np.float64), true_distance, apparent_distance)
    nearest = np.abs(grid.anchors[None] - true_distance[:, None]).argmin(axis=1)
    crossable = labels["crossable"].copy()
    crossable[:, shown] = labels["crossable"][:, nearest]
    return labels | {
        "y": labels["y_image"],
        "inside": np.isfinite(labels["y_image"]),
        "clear": labels["clear_image"],
        "ends": apparent_ends.astype(np.float32),
        "crossable": crossable,
    }

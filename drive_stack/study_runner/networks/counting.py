"""Numbers of labels in episodes."""

from __future__ import annotations

from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.frames.store import count_boxes
from drive_stack.study_runner.networks.protocol import EpisodeFiles, Labels, NetworkData


def count_rows(episodes: EpisodeFiles) -> int:
    """Number of recorded rows."""
    return sum(DRIVES.open(path).metadata.num_rows for path in episodes.drives)


def rows_of(data: NetworkData) -> int:
    """Number of rows of a subset, with those that are held out of it."""
    return count_rows(data.learned + data.held_out)


def count_labels_of_rows(episodes: EpisodeFiles) -> Labels:
    """The lanes of every row, and all boxes in it with their distances.

    Boxes are counted in the labelled frames and scaled to all rows, so that one is what it is for a detector.
    """
    rows, (frames, in_frames) = count_rows(episodes), count_boxes(episodes.frames)
    boxes = round(in_frames * rows / max(frames, 1))
    return Labels(boxes=boxes, lane_frames=rows, distances=boxes)

"""Numbers of labels in episodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.drives.other_actors import read_other_actors
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.frames.store import count_boxes
from drive_stack.learning.imitation.column_targets import heights_in_view
from drive_stack.study_runner.networks.protocol import EpisodeFiles, Labels, NetworkData

MIN_LABELLED_HEIGHT = 4.0  # in the image [px]; the detector learns no lower objects


def count_rows(episodes: EpisodeFiles) -> int:
    """Number of recorded rows."""
    return sum(DRIVES.open(path).metadata.num_rows for path in episodes.drives)


def rows_of(data: NetworkData) -> int:
    """Number of rows of a subset, with those that are held out of it."""
    return count_rows(data.learned + data.held_out)


def count_labelled_boxes(episodes: EpisodeFiles) -> int:
    """Boxes of the labelled frames that are high enough to be labelled."""
    return count_boxes(episodes.frames, min_height=MIN_LABELLED_HEIGHT)[1]


def count_labels_of_rows(episodes: EpisodeFiles) -> Labels:
    """The lanes of every row, and a box and a distance of each actor from which its targets are made.

    These are the actors in view on the own carriageway that are high enough to be labelled.
    """
    boxes = sum(_count_actors(path) for path in episodes.drives)
    return Labels(boxes=boxes, lane_frames=count_rows(episodes), distances=boxes)


def _count_actors(path: Path) -> int:
    others = read_other_actors([DRIVES.read_columns(path, ["other_actors"]).column(0)])
    heights = heights_in_view(others, CameraModel())
    return int(np.count_nonzero(heights >= MIN_LABELLED_HEIGHT))

"""All tables of what was measured, from image to control."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drive_stack.evaluation.stage_errors.detection_tables import detection, detection_by_conditions
from drive_stack.evaluation.stage_errors.driving_tables import control, prediction, times
from drive_stack.evaluation.stage_errors.lifting_tables import lanes, lifting
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasure
from drive_stack.evaluation.stage_errors.tables import Summary
from drive_stack.evaluation.stage_errors.track_tables import following, positions, velocities


def summaries(episodes: Sequence[EpisodeMeasure]) -> list[Summary]:
    """All tables, from image to control."""
    makers: tuple[Callable[[Sequence[EpisodeMeasure]], Summary], ...] = (
        detection,
        detection_by_conditions,
        lifting,
        following,
        positions,
        velocities,
        lanes,
        prediction,
        control,
        times,
    )
    return [make(episodes) for make in makers]

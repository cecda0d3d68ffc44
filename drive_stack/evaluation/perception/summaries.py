"""All tables of what was measured, from image to control."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drive_stack.evaluation.perception.observer import EpisodeMeasure
from drive_stack.evaluation.perception.summary import Summary
from drive_stack.evaluation.perception.summary_detecting import detection, detection_by_conditions
from drive_stack.evaluation.perception.summary_driving import control, prediction, times
from drive_stack.evaluation.perception.summary_seeing import lanes, lifting
from drive_stack.evaluation.perception.summary_tracks import following, positions, velocities


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

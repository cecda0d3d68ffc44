"""All tables of stage errors, in the order in which data passes the stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drive_stack.evaluation.stage_errors.detection_tables import detection_conditions_table, detection_table
from drive_stack.evaluation.stage_errors.driving_tables import control_table, prediction_table, timing_table
from drive_stack.evaluation.stage_errors.lifting_tables import lane_table, lifting_table
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements
from drive_stack.evaluation.stage_errors.tables import StageTable
from drive_stack.evaluation.stage_errors.track_tables import (
    track_identity_table,
    track_position_table,
    track_velocity_table,
)


def stage_tables(episodes: Sequence[EpisodeMeasurements]) -> list[StageTable]:
    """Build every table, from detection to control, and the computing times last."""
    builders: tuple[Callable[[Sequence[EpisodeMeasurements]], StageTable], ...] = (
        detection_table,
        detection_conditions_table,
        lifting_table,
        track_identity_table,
        track_position_table,
        track_velocity_table,
        lane_table,
        prediction_table,
        control_table,
        timing_table,
    )
    return [build(episodes) for build in builders]

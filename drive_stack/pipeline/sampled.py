"""Perception at a lower rate than that of the steps."""

from __future__ import annotations

from dataclasses import replace

from drive_stack.pipeline.advance import advance_lanes, advance_tracks, ego_steps
from drive_stack.pipeline.perceiving import Percept, Perception, PerceptionStages, StageClock
from drive_stack.pipeline.timeline import Motion
from drive_stack.types import Observation


class SampledPerception:
    """Perceives every n-th step from the first one on, and moves tracks and lanes to the steps between.

    A network that has learned from recordings with every n-th image thus gets tracks of the same age, the
    same uncertainty and the same delay of confirmation as there.

    Args:
        perception: whose step lasts ``every`` steps of ``dt``. It sees an image's age in its own steps, so an
            age of less than half of such a step counts as none.
        every: n, at least 1.
        dt: time between two steps [s].
    """

    def __init__(self, perception: Perception, every: int, dt: float) -> None:
        self._perception, self._every, self._dt = perception, every, dt
        self._motions: list[Motion] = []  # at the last perceived step, and at each step since
        self._percept: Percept | None = None  # of that step

    def use(self, stages: PerceptionStages) -> None:
        """Run other stages from the next perceived step on."""
        self._perception.use(stages)

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        self._perception.reset()
        self._motions, self._percept = [], None

    def perceive(self, observation: Observation, clock: StageClock | None = None) -> Percept:
        """Perceive one step, or move what was perceived to it; ``clock`` measures the stages."""
        motion = Motion(observation.speed, observation.yaw_rate)
        if self._percept is None or len(self._motions) == self._every:
            self._percept, self._motions = self._perception.perceive(observation, clock), [motion]
            return self._percept
        self._motions.append(motion)
        steps = ego_steps(self._motions[0], self._motions[1:], self._dt)
        return replace(
            self._percept,
            tracks=advance_tracks(self._percept.tracks, steps, self._dt),
            lanes=advance_lanes(self._percept.lanes, steps),
        )

"""Finds the worlds of paired courses that must be redrawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from drive_stack.errors import ConfigError
from drive_stack.evaluation.avoidability import Avoidability, braking_demand, evaluate_avoidability
from drive_stack.evaluation.redraws.records import MAX_REDRAWS, Redraw, paired_bases, replacement_seed
from drive_stack.evaluation.redraws.sight import since_in_sight
from drive_stack.evaluation.road_scene import RoadScene, road_scene
from drive_stack.world_state import WorldState


class HazardDrive(Protocol):
    """Drives an ego that does not react; `envs.hazards.unreactive_drive.drive_into_hazard` is one."""

    def __call__(self, scenario: str, seed: int) -> Sequence[WorldState]:
        """Return the last seconds before the ego hits a hazard of the scenario; empty where it hits none."""
        ...


def find_redraws(scenarios: Iterable[str], seeds: Iterable[int], drive: HazardDrive) -> tuple[Redraw, ...]:
    """The worlds of bases and twins in which a hazard is unavoidable, with the seeds that replace them.

    A base and its twins share a world, so all of them are redrawn together. The result depends only on the
    courses and seeds, and not on any driver.

    Raises:
        ConfigError: no avoidable world is found within `MAX_REDRAWS`, or a world cannot be drawn.
    """
    groups = paired_bases(scenarios)
    return tuple(
        redraw
        for seed in seeds
        for base, courses in groups.items()
        for redraw in _redraws_of(base, courses, seed, drive)
    )


def _redraws_of(base: str, courses: Sequence[str], seed: int, drive: HazardDrive) -> Iterator[Redraw]:
    drawn = seed
    for number in range(1, MAX_REDRAWS + 2):
        unavoidable = _first_unavoidable(courses, drawn, drive)
        if unavoidable is None:
            return
        if number > MAX_REDRAWS:
            break
        course, reason = unavoidable
        drawn = replacement_seed(seed, number)
        yield Redraw(base, seed, drawn, course, reason)
    raise ConfigError(
        f"{base}, seed {seed}: UN R157's careful driver cannot avoid a hazard in any of "
        f"{MAX_REDRAWS + 1} worlds; make the shift milder"
    )


def _first_unavoidable(courses: Sequence[str], seed: int, drive: HazardDrive) -> tuple[str, str] | None:
    """The first course whose hazard is unavoidable, and why; None where all can be avoided."""
    for course in courses:
        verdict = evaluate_hazard(drive(course, seed))
        if verdict is not None and not verdict.avoidable:
            return course, verdict.reason.value
    return None


def evaluate_hazard(records: Sequence[WorldState]) -> Avoidability | None:
    """Whether the careful driver would have avoided what the ego hits in the last record; None without one.

    The driver perceives the hazard from when on it is in sight, see `since_in_sight`.
    """
    if not records:
        return None
    return evaluate_avoidability(*_encounter(records))


def hazard_demand(records: Sequence[WorldState]) -> float:
    """The careful driver's `braking_demand` to avoid what the ego hits in the last record; 0 without one."""
    return braking_demand(*_encounter(records)) if records else 0.0


def _encounter(records: Sequence[WorldState]) -> tuple[list[RoadScene], int]:
    """The scenes since the hazard is in sight, and its id."""
    actor = records[-1].contacts[0].actor_id
    return [road_scene(state) for state in since_in_sight(records, actor)], actor

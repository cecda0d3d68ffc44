"""The valid ranges of the numbers in a row; a number outside its range is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drive_stack.escaping import shortened
from drive_stack.seeds import MAX_SEED

Range = tuple[float, float]

FRACTION: Range = (0.0, 1.0)
POINTS: Range = (0.0, 100.0)
SPEED: Range = (0.0, 300.0)  # [m/s]
DURATION: Range = (0.0, 1e6)  # simulated or wall-clock time [s]
COUNT: Range = (0, 10**9)
OTHER: Range = (-1e9, 1e9)  # for fields that are not listed below

RANGES: Mapping[str, Range] = {
    "seed": (0, MAX_SEED),
    "wall_s": DURATION,
    "impact_speed_mps": SPEED,
    "route_completion": FRACTION,
    "distance_m": (0.0, 1e7),
    "duration_s": DURATION,
    "mean_speed_mps": SPEED,
    "min_ttc_s": DURATION,
    "comfort": FRACTION,
    "off_lane": FRACTION,
    "driving_score": POINTS,
    "clamped_actions": COUNT,
    "stages_ms": (0.0, 1e9),
    "progress_of_expert": FRACTION,
    "pace_of_traffic": FRACTION,
    "standing_free_s": DURATION,
    "standing_free_longest_s": DURATION,
    "lane_offset_m": (-1e3, 1e3),
    "interventions": COUNT,
    "autonomy": FRACTION,
    "speeds_mps": SPEED,
    "ttc_s": DURATION,
    "total": POINTS,  # of each scheme in ``scores``
}


def check_ranges(fields: Mapping[str, object]) -> None:
    """Raise `ValueError` for the first number, at any depth, that is outside its range or not finite."""
    for name, value in fields.items():
        _check(name, value, RANGES.get(name, OTHER))


def _check(name: str, value: object, allowed: Range) -> None:
    """Check the numbers in ``value`` against its field's range; totals of schemes have their own range."""
    low, high = allowed
    match value:
        case bool():
            return
        case int() | float() if not low <= value <= high:  # NaN is in no range
            raise ValueError(f"{shortened(name)}: {shortened(str(value))} is not within {low:,} to {high:,}")
        case Mapping():
            for key, item in value.items():
                _check(f"{name}.{key}", item, RANGES["total"] if key == "total" else allowed)
        case str():
            return
        case Sequence():
            for item in value:
                _check(name, item, allowed)
        case _:
            return

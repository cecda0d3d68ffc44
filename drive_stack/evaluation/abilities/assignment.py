"""The abilities that scenarios test, after those of Bench2Drive: the only place that assigns them.

Bench2Drive (Jia et al., *Bench2Drive*, NeurIPS 2024; ``tools/ability_benchmark.py``) groups its scenarios by
merging, overtaking, emergency brake, give way and traffic signs. A scenario whose CARLA counterpart is in
that list has the ability that it has there, with two exceptions. A highway has no traffic signs of the kind
meant there, so keeping the lane takes their place. All scenarios with pedestrians are giving way, because a
driver that fails there hits a person; Bench2Drive counts crossing pedestrians as emergency braking.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from drive_stack.scenario_name import ScenarioName


class Ability(StrEnum):
    """What a scenario tests, in the order in which tables show it."""

    MERGE = "merge"
    GIVE_WAY = "give way to people"
    EMERGENCY_STOP = "emergency stop"
    OVERTAKE = "overtake"
    KEEP_LANE = "keep lane"
    OTHER = "other courses"  # several abilities in one drive, and scenarios of users


SCENARIOS: Mapping[Ability, tuple[str, ...]] = MappingProxyType(
    {
        Ability.MERGE: ("merge", "lane_drop", "cut_in", "dense_traffic"),
        Ability.GIVE_WAY: (
            "pedestrian_crossing",
            "running_pedestrian",
            "occluded_child",
            "walker_along",
            "stranded_people",
        ),
        Ability.EMERGENCY_STOP: ("braking_lead", "stationary_lead", "jam_tail", "cut_out"),
        Ability.OVERTAKE: ("slow_lead", "stalled_car", "construction"),
        Ability.KEEP_LANE: ("cruise", "curves", "s_bend"),
    }
)
_ABILITY_OF = {name: ability for ability, names in SCENARIOS.items() for name in names}


def ability_of(scenario: str) -> Ability:
    """The ability that a scenario tests, whatever keys are set in it."""
    return _ABILITY_OF.get(ScenarioName.parse(scenario).base, Ability.OTHER)

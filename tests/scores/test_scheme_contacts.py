"""Contacts in a log, and what they cost under the schemes, computed by hand.

The ego is 4.7 m × 1.85 m, its rear axle 1.4 m behind its centre; lanes are 3.6 m wide about 3.6, 0 and −3.6.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from synthetic_logs import START, Script, log_of
from tiny_world import Body

from drive_stack.evaluation.schemes.carla import carla_2_0, carla_2_1
from drive_stack.evaluation.schemes.drive import Drive
from drive_stack.evaluation.schemes.scoring import ExpertDrive, drive_of
from drive_stack.types import Contact, ContactKind, Side


def steady(speed: float) -> Callable[[float], float]:
    return lambda time: speed * time


def at_lateral(lateral: float) -> Callable[[float], float]:
    return lambda time: lateral


def quantities(script: Script, expert: ExpertDrive | None = None) -> Drive:
    return drive_of(log_of(script), expert=expert)


def abreast(lateral: float) -> Script:
    """A moving car touches the ego's left flank after 1 s; both drive at 20 m/s."""
    hit = Contact(1.0, 1, ContactKind.VEHICLE, Side.LEFT, 0.5, 20.0, 20.0)

    def others(time: float) -> list[Body]:
        return [Body(START + 1.4 + 20.0 * time, lateral + 1.9, 20.0)]

    return Script(2.0, steady(20.0), 400.0, lateral=at_lateral(lateral), others=others, contacts=(hit,))


@pytest.mark.parametrize(
    ("lateral", "nuplan_at_fault", "navsim_at_fault"),
    [
        pytest.param(0.0, False, False, id="inside one lane"),
        pytest.param(1.0, True, True, id="over the line between two lanes"),
        pytest.param(-3.6 - 1.0, True, False, id="over the edge line onto a shoulder of 3 m"),
        pytest.param(3.6 + 2.0, True, True, id="beyond a shoulder of 1 m"),
        pytest.param(0.87, False, False, id="0.5 cm inside the line"),
        pytest.param(0.88, True, True, id="0.5 cm over the line"),
    ],
)
def test_when_a_lateral_collision_is_at_fault(
    lateral: float, nuplan_at_fault: bool, navsim_at_fault: bool
) -> None:
    """nuPlan: not inside one lane. NAVSIM: in several lanes or off the drivable area.

    Half the ego's width is 0.925 m and half a lane's 1.8 m, so its flank is on the line at 0.875 m.
    """
    drive = quantities(abreast(lateral))
    assert bool(drive.at_fault) is nuplan_at_fault
    assert bool(drive.at_fault_navsim) is navsim_at_fault
    assert len(drive.collisions) == 1  # CARLA counts collisions whoever is at fault


def test_a_hit_from_behind_is_decided_by_position_not_by_the_side_that_was_hit() -> None:
    """The other's centre is behind the rear axle, but the contact was on the flank."""
    hit = Contact(1.0, 1, ContactKind.VEHICLE, Side.LEFT, 0.5, 20.0, 22.0)

    def others(time: float) -> list[Body]:
        return [Body(START - 2.2 + 20.0 * time, 1.2 + 0.9, 20.0)]

    script = Script(2.0, steady(20.0), 400.0, lateral=at_lateral(1.2), others=others, contacts=(hit,))
    assert quantities(script).at_fault == ()


def test_only_the_first_contact_with_an_actor_counts() -> None:
    """Hit from behind by 1, then ahead into 2, then ahead into 1: nuPlan counts only the second."""
    hits = tuple(
        Contact(time, actor, ContactKind.VEHICLE, side, 5.0, 20.0, 10.0)
        for time, actor, side in ((0.5, 1, Side.REAR), (1.0, 2, Side.FRONT), (1.5, 1, Side.FRONT))
    )
    assert [hit.time for hit in quantities(Script(2.0, steady(20.0), 400.0, contacts=hits)).at_fault] == [1.0]


def test_the_position_of_a_contact_is_that_of_the_ego_at_its_time() -> None:
    """Two actors 0.3 s apart: at 20 m/s that is 6 m, two collisions; at 15 m/s it is 4.5 m, and one."""
    hits = tuple(
        Contact(time, actor, ContactKind.VEHICLE, Side.FRONT, 5.0, 20.0, 1.0)
        for actor, time in ((1, 1.05), (2, 1.35))
    )
    assert len(quantities(Script(2.0, steady(20.0), 400.0, contacts=hits)).collisions) == 2
    assert len(quantities(Script(2.0, steady(15.0), 400.0, contacts=hits)).collisions) == 1


PENALTIES_2_0 = {"pedestrian": 0.5, "vehicle": 0.6, "object": 0.65, "rail": 0.65}
COSTS_2_1 = {"pedestrian": 1.0, "vehicle": 0.7, "object": 0.6, "rail": 0.6}


@pytest.mark.parametrize("kind", list(ContactKind))
def test_the_cost_of_each_kind_of_collision_in_carla(kind: ContactKind) -> None:
    """The numbers of *statistics_manager.py*; a rail costs as much as any object."""
    hit = Contact(9.95, 500, kind, Side.FRONT, 5.0, 20.0, 0.0)
    drive = quantities(Script(10.0, steady(20.0), 200.0, contacts=(hit,)))
    assert carla_2_0(drive).total == pytest.approx(100.0 * PENALTIES_2_0[kind.value], abs=1e-3)
    assert carla_2_1(drive).total == pytest.approx(100.0 / (1.0 + COSTS_2_1[kind.value]), abs=1e-3)
    assert carla_2_0(drive).terms["collisions"] == PENALTIES_2_0[kind.value]
    assert carla_2_1(drive).terms["collisions_cost"] == COSTS_2_1[kind.value]

"""Published schemes on cases computed by hand from their formulas."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.evaluation.schemes.carla import carla_2_0, carla_2_1
from drive_stack.evaluation.schemes.drive import Drive
from drive_stack.evaluation.schemes.nuplan import epdms, no_collision, no_collision_navsim, nuplan, pdms
from drive_stack.evaluation.schemes.scoring import SCHEMES, ExpertDrive, scores_of
from drive_stack.types import Contact, ContactKind, Side

PERFECT = Drive(
    route_completion=1.0,
    progress=1.0,
    collisions=(),
    at_fault=(),
    at_fault_navsim=(),
    off_lane=0.0,
    traffic_pace=(1.0, 1.0, 1.0, 1.0),
    min_ttc=float("inf"),
    ttc_within_bound=True,
    comfortable=True,
    off_drivable=0.0,
    wrong_way=0.0,
    wrong_way_navsim=0.0,
    speed_compliance=1.0,
    lane_kept=True,
)


def hit(kind: ContactKind) -> Contact:
    return Contact(1.0, 7, kind, Side.FRONT, 5.0, 10.0, 5.0)


def test_a_perfect_drive_has_all_points() -> None:
    assert {name: score.total for name, score in scores_of(PERFECT).items()} == dict.fromkeys(SCHEMES, 100.0)


def test_carla_2_0_multiplies() -> None:
    drive = replace(
        PERFECT,
        route_completion=0.8,
        collisions=(hit(ContactKind.PEDESTRIAN), hit(ContactKind.VEHICLE)),
        off_lane=0.1,
        traffic_pace=(0.5, 1.0),
    )
    # 100 · 0.8 · (0.5 · 0.6) · (1 − 0.3 · 0.5) · 0.9
    assert carla_2_0(drive).total == pytest.approx(100 * 0.8 * 0.3 * 0.85 * 0.9)


def test_carla_2_1_divides() -> None:
    drive = replace(
        PERFECT,
        route_completion=0.8,
        collisions=(hit(ContactKind.PEDESTRIAN), hit(ContactKind.OBJECT)),
        off_lane=0.1,
        traffic_pace=(0.5, 1.0),
    )
    # 100 · 0.8 · 0.9 / (1 + 1.0 + 0.6 + 0.4 · 0.5)
    assert carla_2_1(drive).total == pytest.approx(100 * 0.72 / 2.8, abs=1e-3)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((), 1.0),
        ((ContactKind.VEHICLE,), 0.0),
        ((ContactKind.PEDESTRIAN,), 0.0),
        ((ContactKind.OBJECT,), 0.5),
        ((ContactKind.OBJECT, ContactKind.OBJECT), 0.0),
        ((ContactKind.OBJECT, ContactKind.RAIL), 0.0),  # a rail is an object, too
        ((ContactKind.OBJECT, ContactKind.PEDESTRIAN), 0.0),
    ],
)
def test_nuplan_halves_the_score_for_one_object(kinds: tuple[ContactKind, ...], expected: float) -> None:
    assert no_collision(replace(PERFECT, at_fault=tuple(map(hit, kinds)))) == expected


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((), 1.0),
        ((ContactKind.OBJECT,), 0.5),
        ((ContactKind.OBJECT, ContactKind.RAIL), 0.5),
        ((ContactKind.OBJECT, ContactKind.VEHICLE), 0.0),
        ((ContactKind.PEDESTRIAN,), 0.0),
    ],
)
def test_navsim_halves_the_score_for_any_number_of_objects(
    kinds: tuple[ContactKind, ...], expected: float
) -> None:
    drive = replace(PERFECT, at_fault_navsim=tuple(map(hit, kinds)))
    assert no_collision_navsim(drive) == expected
    assert epdms(drive).total == 100.0 * expected
    # PDMS masks the progress too: at a half, 0.5 · (5 + 5 · 0.5 + 2) / 12
    assert pdms(drive).total == pytest.approx(100.0 * expected * (7.0 + 5.0 * expected) / 12.0, abs=1e-3)


def test_nuplan_s_weights() -> None:
    drive = replace(PERFECT, progress=0.6, min_ttc=0.9, speed_compliance=0.5, comfortable=False)
    assert nuplan(drive).total == pytest.approx(100 * (5 * 0.6 + 0 + 4 * 0.5 + 0) / 16)
    assert nuplan(replace(PERFECT, progress=0.19)).total == 0.0  # makes no progress
    assert nuplan(replace(PERFECT, wrong_way=3.0)).total == 50.0
    assert nuplan(replace(PERFECT, wrong_way=6.0)).total == 0.0
    assert nuplan(replace(PERFECT, off_drivable=0.3)).total == 0.0
    assert nuplan(replace(PERFECT, off_drivable=0.29)).total == 100.0


def test_pdms_weights() -> None:
    assert pdms(replace(PERFECT, progress=0.6)).total == pytest.approx(100 * (5 + 5 * 0.6 + 2) / 12, abs=1e-3)
    assert pdms(replace(PERFECT, ttc_within_bound=False)).total == pytest.approx(100 * 7 / 12, abs=1e-3)
    assert pdms(replace(PERFECT, wrong_way_navsim=9.0)).total == 100.0  # PDMS has no driving direction
    assert pdms(replace(PERFECT, off_drivable=0.01)).total == 0.0  # no tolerance


def test_epdms_weights() -> None:
    assert epdms(replace(PERFECT, lane_kept=False)).total == pytest.approx(100 * 12 / 14, abs=1e-3)
    assert epdms(replace(PERFECT, ttc_within_bound=False, comfortable=False)).total == pytest.approx(50.0)
    assert epdms(replace(PERFECT, wrong_way_navsim=3.0)).total == 50.0
    assert epdms(replace(PERFECT, off_drivable=0.01)).total == 0.0


SHARES = st.floats(0.0, 1.0)


@given(
    st.builds(
        Drive,
        route_completion=SHARES,
        progress=SHARES,
        collisions=st.lists(st.sampled_from([hit(kind) for kind in ContactKind]), max_size=3).map(tuple),
        at_fault=st.lists(st.sampled_from([hit(kind) for kind in ContactKind]), max_size=3).map(tuple),
        at_fault_navsim=st.lists(st.sampled_from([hit(kind) for kind in ContactKind]), max_size=3).map(tuple),
        off_lane=SHARES,
        traffic_pace=st.lists(SHARES, max_size=4).map(tuple),
        min_ttc=st.floats(0.0, 20.0),
        comfortable=st.booleans(),
        off_drivable=st.floats(0.0, 3.0),
        ttc_within_bound=st.booleans(),
        wrong_way=st.floats(0.0, 30.0),
        wrong_way_navsim=st.floats(0.0, 30.0),
        speed_compliance=SHARES,
        lane_kept=st.booleans(),
    ),
    st.sampled_from(list(ContactKind)),
)
def test_scores_stay_in_range_and_a_further_hit_never_helps(drive: Drive, kind: ContactKind) -> None:
    worse = replace(
        drive,
        collisions=(*drive.collisions, hit(kind)),
        at_fault=(*drive.at_fault, hit(kind)),
        at_fault_navsim=(*drive.at_fault_navsim, hit(kind)),
    )
    for name, score in scores_of(drive).items():
        assert 0.0 <= score.total <= 100.0
        assert scores_of(worse)[name].total <= score.total


def test_progress_is_what_was_driven_in_the_expert_s_time() -> None:
    expert = ExpertDrive(distance_m=800.0, duration_s=40.0)
    assert expert.progress_of(lambda elapsed: 20.0 * elapsed) == 1.0
    assert expert.progress_of(lambda elapsed: 30.0 * elapsed) == 1.0  # at most 1
    assert expert.progress_of(lambda elapsed: 10.0 * elapsed) == 0.5
    assert expert.progress_of(lambda elapsed: 20.0 * min(elapsed, 10.0)) == 0.25  # crashed after 10 s
    assert ExpertDrive(0.0, 0.0).progress_of(lambda elapsed: 0.0) == 1.0
    assert ExpertDrive(0.5, 1.0).progress_of(lambda elapsed: 0.25 * elapsed) == 0.5

"""The scene and the surroundings of the ego that a log keeps, computed by hand.

The ego is 4.7 m × 1.85 m, its rear axle 1.4 m behind its centre.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from synthetic_logs import START, Script, log_of
from tiny_world import Body

LENGTH = 4.7


def steady(speed: float) -> Callable[[float], float]:
    return lambda time: speed * time


def test_boxes_have_the_size_and_velocity_of_the_state() -> None:
    """A car that drives obliquely at 5 m/s, a pedestrian who crosses at 1.5 m/s, and a cone."""
    others = [
        Body(START + 30.0, 3.6, 4.0, lateral_speed=-3.0),
        Body(START + 40.0, -3.6, 0.0, lateral_speed=1.5, is_pedestrian=True),
    ]
    script = Script(0.0, steady(20.0), 400.0, others=lambda time: others, cones=((START + 50.0, 1.0),))
    scene = log_of(script).recent_scenes[-1]
    assert scene.ids.tolist() == [1, 2, 500]
    assert scene.ego.centre == pytest.approx(np.array([[START + 1.4, 0.0]]))
    assert (scene.ego.length[0], scene.ego.width[0], scene.speed_limit) == (LENGTH, 1.85, 40.0)
    assert scene.others.centre == pytest.approx(
        np.array([[START + 30.0, 3.6], [START + 40.0, -3.6], [START + 50.0, 1.0]])
    )
    assert scene.others.velocity == pytest.approx(np.array([[4.0, -3.0], [0.0, 1.5], [0.0, 0.0]]), abs=1e-9)
    assert scene.others.heading == pytest.approx([math.atan2(-3.0, 4.0), math.pi / 2.0, 0.0])
    assert scene.others.length == pytest.approx([4.5, 0.6, 0.4])
    assert scene.others.width == pytest.approx([1.8, 0.6, 0.4])


@pytest.mark.parametrize(
    ("gap", "lateral", "free"),
    [
        (29.9, 0.0, False),
        (30.1, 0.0, True),
        (-1.0, 0.0, False),
        (10.0, 1.82, False),  # half of 1.8 m and half of 1.85 m are 1.825 m
        (10.0, 1.83, True),
        (10.0, -1.83, True),
        (-2.0 * LENGTH - 3.0, 0.0, True),  # behind
    ],
)
def test_the_road_is_free_if_no_actor_is_within_thirty_metres(gap: float, lateral: float, free: bool) -> None:
    others = [Body(START + 1.4 + LENGTH / 2.0 + gap + 2.25, lateral)]
    log = log_of(Script(0.0, steady(20.0), 400.0, others=lambda time: others))
    assert log.surroundings[0].free_ahead is free


@pytest.mark.parametrize(
    ("vehicles", "parked", "mean"),
    [
        ([(99.0, 10.0), (-99.0, 20.0), (101.0, 90.0), (-101.0, 90.0)], False, 15.0),
        ([(101.0, 20.0)], False, None),
        ([(50.0, 0.0), (60.0, 10.0)], False, 5.0),  # a queue is traffic
        ([(50.0, 0.0)], True, None),
    ],
)
def test_the_traffic_is_every_driven_vehicle_within_a_hundred_metres(
    vehicles: list[tuple[float, float]], parked: bool, mean: float | None
) -> None:
    others = [Body(START + ahead, 3.6, speed) for ahead, speed in vehicles]
    log = log_of(Script(0.0, steady(20.0), 400.0, others=lambda time: others, parked=parked))
    assert log.surroundings[0].traffic_speed == mean


def test_the_road_speed_is_negative_against_the_traffic() -> None:
    assert log_of(Script(0.0, steady(20.0), 400.0)).surroundings[0].road_speed == pytest.approx(20.0)
    assert log_of(Script(0.0, steady(-20.0), 400.0)).surroundings[0].road_speed == pytest.approx(-20.0)
    oblique = log_of(Script(0.0, steady(20.0), 400.0, lateral=lambda time: 15.0 * time)).surroundings[0]
    assert oblique.road_speed == pytest.approx(20.0)  # of 25 m/s

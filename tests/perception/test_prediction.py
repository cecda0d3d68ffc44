"""Predictions of vehicles and pedestrians."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from drive_stack.prediction.constant_velocity import ConstantVelocityPredictor
from drive_stack.prediction.lane_following import LaneFollowingPredictor
from drive_stack.types import Prediction
from envs.oracles import Oracles


def predictions(world: TinyWorld, *, constant: bool = False) -> tuple[Prediction, ...]:
    oracles = Oracles(world, PLATFORM)
    observation = world.observation()
    lanes = oracles.lanes().estimate(observation.image, observation.speed, observation.yaw_rate)
    tracks = oracles.tracker().update((), observation.speed, observation.yaw_rate)
    predictor = ConstantVelocityPredictor() if constant else LaneFollowingPredictor()
    return predictor.predict(tracks, lanes)


@pytest.mark.parametrize("lateral_speed", [0.0, 0.6, -1.0])
@pytest.mark.parametrize("person", [False, True])
def test_probabilities_add_up_to_one(lateral_speed: float, person: bool) -> None:
    body = Body(70.0, -4.0, 0.0 if person else 20.0, lateral_speed, person, width=0.6 if person else 1.8)
    (prediction,) = predictions(TinyWorld(straight_road(3), lane=1, bodies=[body]))
    assert sum(h.probability for h in prediction.hypotheses) == pytest.approx(1.0)
    assert all(np.isfinite(h.positions).all() for h in prediction.hypotheses)


def test_a_car_in_a_curve_follows_its_lane() -> None:
    road = straight_road(curvature=1.0 / 300.0)
    world = TinyWorld(road, lane=1, bodies=[Body(60.0, -1.8, 20.0)])
    (prediction,) = predictions(world)
    likely = max(prediction.hypotheses, key=lambda h: h.probability)
    truth, _ = road.to_world(60.0 + 20.0 * prediction.times, np.full(len(prediction.times), -1.8))
    ego = world.ego()
    in_ego = (truth - np.array([ego.x, ego.y])) @ np.array(
        [[np.cos(ego.yaw), -np.sin(ego.yaw)], [np.sin(ego.yaw), np.cos(ego.yaw)]]
    )
    assert np.abs(likely.positions - in_ego).max() < 1.0
    (straight,) = predictions(world, constant=True)
    assert np.abs(straight.hypotheses[0].positions - in_ego).max() > 5.0


def test_drifting_left_makes_a_change_left_likely() -> None:
    def probability(lateral_speed: float) -> float:
        (prediction,) = predictions(
            TinyWorld(straight_road(2), lane=1, bodies=[Body(70.0, -1.8, 20.0, lateral_speed)])
        )
        return next(h.probability for h in prediction.hypotheses if h.name == "changes left")

    assert probability(0.0) < 0.1
    assert probability(1.0) > 0.8


def test_a_standing_pedestrian_near_the_lane_may_cross_and_a_distant_one_does_not() -> None:
    def names(lateral: float) -> set[str]:
        person = Body(60.0, lateral, 0.0, 0.0, True, 0.6, 0.6)
        (prediction,) = predictions(TinyWorld(straight_road(1), lane=0, bodies=[person]))
        return {h.name for h in prediction.hypotheses}

    assert "may cross" in names(-3.0)
    assert "may cross" not in names(-12.0)


def test_a_crossing_pedestrian_continues_or_stops() -> None:
    person = Body(60.0, -4.0, 0.0, 1.4, True, 0.6, 0.6)
    (prediction,) = predictions(TinyWorld(straight_road(1), lane=0, bodies=[person]))
    crosses = next(h for h in prediction.hypotheses if h.name == "crosses")
    assert crosses.probability > 0.5
    assert crosses.positions[-1, 1] == pytest.approx(-4.0 + 1.4 * 4.0, abs=0.05)

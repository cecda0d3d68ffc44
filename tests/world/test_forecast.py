"""The oracle's forecast: a copy of the world in longer ticks, used for two steps."""

from __future__ import annotations

import numpy as np
import pytest

from drive_stack.camera_model import CameraModel
from drive_stack.interfaces import Platform, Predictor
from drive_stack.types import FloatArray, FrameLabels
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import WorldState
from envs.lane_hold import hold_lane
from envs.oracles import Oracles
from envs.scenarios.scenario import load_scenario
from envs.truth import FORECAST_TICK, Truth, forecast
from envs.world import World

PLATFORM = Platform(VehicleParameters(), CameraModel())
SCENARIOS = ("dense_traffic", "cut_in", "merge", "pedestrian_crossing")


class CountingTruth(Truth):
    """The truth of the present world of a list, which counts its forecasts."""

    def __init__(self, worlds: list[World]) -> None:
        super().__init__(lambda: worlds[-1], no_labels)
        self.forecasts = 0

    def forecast(self, horizon: float, dt: float) -> dict[int, FloatArray]:
        self.forecasts += 1
        return super().forecast(horizon, dt)


def no_labels(_: WorldState) -> FrameLabels:
    raise RuntimeError("this world has no camera")


def world_of(name: str, seed: int, seconds: float) -> World:
    """The world after some time in which the ego keeps its lane and speed."""
    world = World(load_scenario(name), seed)
    advance(world, seconds)
    return world


def advance(world: World, seconds: float) -> None:
    lane, speed = world.road.lane_at(world.ego.station, world.ego.lateral), world.ego.speed
    for _ in range(round(seconds / world.physics_dt)):
        world.move(hold_lane(world.ego, world.road, lane, speed, world.car))


@pytest.mark.parametrize("name", SCENARIOS)
def test_longer_ticks_move_the_actors_almost_equally(name: str) -> None:
    world = world_of(name, 7, 6.0)
    exact, quick = forecast(world, 4.0, 0.25), forecast(world, 4.0, 0.25, tick=FORECAST_TICK)
    assert set(exact) == set(quick) and exact
    deviations = [float(np.abs(exact[actor] - quick[actor])[:, :2].max()) for actor in exact]
    assert np.median(deviations) < 0.1  # [m] within four seconds
    assert max(deviations) < 1.0


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_forecast_serves_two_steps_and_then_another_is_made(name: str) -> None:
    world = world_of(name, 7, 6.0)
    truth = CountingTruth([world])
    oracles = Oracles(truth, PLATFORM)
    predictor, tracker, lanes = oracles.predictor(), oracles.tracker(), oracles.lanes()

    def predictions(of: Predictor) -> list[FloatArray]:
        tracks = tracker.update((), 20.0, 0.0)
        estimate = lanes.estimate(None, 20.0, 0.0)
        return [one.hypotheses[0].positions for one in of.predict(tracks, estimate)]

    predictions(predictor)
    advance(world, 0.1)
    reused = predictions(predictor)
    assert truth.forecasts == 1
    fresh = predictions(oracles.predictor())
    deviations = [float(np.abs(old - new).max()) for old, new in zip(reused, fresh, strict=True)]
    assert deviations and np.median(deviations) < 0.1 and max(deviations) < 1.0
    advance(world, 0.1)
    predictions(predictor)
    assert truth.forecasts == 3  # one for the comparison


def test_the_next_episode_begins_with_a_forecast_of_its_own() -> None:
    worlds = [world_of("cut_in", 7, 0.0)]
    truth = CountingTruth(worlds)
    oracles = Oracles(truth, PLATFORM)
    predictor, tracker, lanes = oracles.predictor(), oracles.tracker(), oracles.lanes()
    for seed in (7, 8, 7):
        worlds.append(world_of("cut_in", seed, 0.0))
        for prediction in predictor.predict(tracker.update((), 20.0, 0.0), lanes.estimate(None, 20.0, 0.0)):
            first = prediction.hypotheses[0].positions[0]
            moved = np.hypot(*(first - prediction.track.position))
            assert moved < 1.0 + 0.25 * np.hypot(*prediction.track.velocity)
    assert truth.forecasts == 3

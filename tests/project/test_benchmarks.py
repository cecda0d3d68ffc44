"""The hot paths, timed by ``python -m pytest tests/project/test_benchmarks.py --benchmark-only``."""

from __future__ import annotations

import numpy as np
import pytest
from golden_recording import GOLDEN, TRACES, without_networks
from golden_traces.replay import REPLAYS, replay_stage
from golden_traces.trace import read_trace
from pytest_benchmark.fixture import BenchmarkFixture

from drive_stack.perception.detector import YoloDetector
from drive_stack.types import Control
from envs.highway import HighwayEnv
from envs.workloads.camera import camera_and_bare_engine
from envs.workloads.env_steps import crowded
from envs.workloads.traffic import stock_ticks_as_arrays, world_ticks
from envs.world import World


@pytest.mark.parametrize("vehicles", [20, 50, 2000])
@pytest.mark.parametrize("ticks", [stock_ticks_as_arrays, world_ticks])
def test_traffic(benchmark: BenchmarkFixture, ticks: type, vehicles: int) -> None:
    traffic = ticks(vehicles)
    benchmark.pedantic(traffic.work, setup=traffic.prepare, rounds=10, warmup_rounds=1)


@pytest.mark.parametrize("scenario", ["crowded", "pedestrian_crossing", "construction"])
def test_tick_of_the_world(benchmark: BenchmarkFixture, scenario: str) -> None:
    env = HighwayEnv(crowded(20) if scenario == "crowded" else scenario, camera=False)
    env.reset(seed=100_000)
    benchmark(env.world.copy().step, Control(0.0, 0.0))


def test_state_of_the_world(benchmark: BenchmarkFixture) -> None:
    benchmark(World(crowded(20), 100_000).state)


def test_camera(benchmark: BenchmarkFixture) -> None:
    camera, _ = camera_and_bare_engine(20)
    benchmark(camera.work)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_detector(benchmark: BenchmarkFixture, engine: str) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (256, 640, 3), dtype=np.uint8)
    benchmark(YoloDetector(engine=engine).detect, picture)


@pytest.mark.parametrize("stage", REPLAYS)
def test_stage_on_a_recorded_drive(benchmark: BenchmarkFixture, stage: str) -> None:
    stages, trace = without_networks(), read_trace(GOLDEN / f"{next(iter(TRACES))}.json.gz")
    benchmark(replay_stage, stages, stage, trace.steps)

"""`run_sim.py bench`: its workloads and the format of its results. Nothing is timed here."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from golden_recording import GOLDEN
from golden_traces.images import read_image

from agents.registry import build_agent
from drive_stack.benchmarks.speed.driving_steps import DrivingSteps
from drive_stack.benchmarks.speed.figure import write_growth
from drive_stack.benchmarks.speed.interleaved import race
from drive_stack.benchmarks.speed.results import Results, Row, json_line, markdown
from drive_stack.benchmarks.speed.suite_time import DriveTime, per_step, sample, timed_drives
from drive_stack.benchmarks.speed.ultralytics_predict import UltralyticsPredict
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.detection.metrics import iou_matrix
from drive_stack.evaluation.rollout import run_episode
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.perception.detector import TRAINED, YoloDetector
from envs.workloads.camera import camera_and_bare_engine, in_view
from envs.workloads.env_steps import STEPS, our_steps
from envs.workloads.traffic import TICKS, stock_ticks, stock_ticks_as_arrays, world_ticks

ROOT = Path(__file__).resolve().parents[2]
NETWORK = ROOT / "configs" / "training" / "detector_network.yaml"
IMAGES = sorted(GOLDEN.glob("*.jpg"))


@dataclass
class CountedWork:
    """Does ``units`` units of work and records the order of all calls."""

    units: int
    calls: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        self.calls.append("prepare")

    def work(self) -> int:
        self.calls.append("work")
        return self.units


def test_contenders_take_turns_and_are_prepared_each_time() -> None:
    calls: list[str] = []
    few, many = CountedWork(1, calls), CountedWork(1000, calls)
    rates = race({"few": few, "many": many}, blocks=3, seconds=0.0)
    assert rates["many"] > rates["few"] > 0.0
    assert calls == ["prepare", "work"] * 2 * (3 + 1)


ROWS = tuple(
    Row(key, key, 300.0, 100.0, "a second", "nothing", 2.0)
    for key in ("traffic_20", "traffic_50", "camera_of_bare_engine")
)
RESULTS = Results(
    ROWS[:2], ROWS[2:], {"all": 12.0}, {"ours": {5: 100.0, 50: 80.0}, "theirs": {5: 50.0, 50: 2.0}}
)


def test_results_as_json_and_markdown() -> None:
    content = json.loads(json_line(RESULTS))
    assert content["ratios"] == {row.key: 3.0 for row in ROWS}
    assert content["rates"] == {"camera_fps": 300.0, "traffic_ticks_20": 300.0, "traffic_ticks_50": 300.0}
    assert content["growth"]["theirs"] == {"5": 50.0, "50": 2.0}
    text = markdown(RESULTS, "the command")
    assert "`the command`" in text
    world, drivers = text.split("| networks and drivers |")
    assert "| traffic_20 | 300 | 100 | a second | nothing | 3 | ≥ 2 |" in world
    assert "| camera_of_bare_engine | 300 |" in drivers


def test_less_is_better_in_a_comparison_of_times() -> None:
    row = Row("lanes", "lanes", 2.0, 8.0, "ms", "predict", 0.5, is_time=True)
    assert row.ratio == 0.25
    assert "| lanes | 2 | 8 | ms | predict | 0.25 | ≤ 0.5 |" in markdown(Results((), (row,), {}, {}), "")


def test_courses_of_a_sample_are_evenly_spread() -> None:
    assert sample("abcdefgh", 3) == ["a", "c", "f"] and sample("abc", 3) == ["a", "b", "c"]


def test_the_time_of_a_suite_is_shared_by_its_workers() -> None:
    assert per_step([DriveTime(30.0, 100), DriveTime(10.0, 300)], workers=2) == 0.05  # 20 s for 400 steps


def test_drives_are_counted_in_steps() -> None:
    courses = [f"cruise[route_length={length}]" for length in (60, 80)]
    tasks = [
        BatchTask(course, 100_000, "constant", label="", config_hash="", uses_camera=False)
        for course in courses
    ]
    first, both = timed_drives(build_agent, tasks[:1]), timed_drives(build_agent, tasks)
    assert both.steps > first.steps > 10 and both.seconds > 0.0


def test_a_driver_s_episodes_follow_one_another() -> None:
    scenario, seeds, done = "cruise[route_length=60]", [100_000, 100_001], 0
    with closing(DrivingEnv(EnvSpec(scenario, camera=False))) as env:
        agent = build_agent("constant", env.platform)
        drives = [run_episode(env, agent, scenario=scenario, seed=seed) for seed in seeds]
        steps = DrivingSteps(env, agent, iter(seeds))
        with pytest.raises(StopIteration):  # when there is no third seed
            while True:
                steps.prepare()
                done += steps.work()
    assert done == round(sum(drive.duration_s for drive in drives) / env.platform.dt)


def test_growth_is_drawn(tmp_path: Path) -> None:
    write_growth(tmp_path / "growth.png", RESULTS.growth)
    image = cv2.imread(str(tmp_path / "growth.png"))
    assert image is not None
    assert np.ptp(image) > 100


def test_all_traffic_workloads_can_be_prepared_and_run() -> None:
    for make in (stock_ticks, stock_ticks_as_arrays, world_ticks):
        traffic = make(12)
        traffic.prepare()
        first = traffic.tick
        assert traffic.work() == TICKS
        traffic.prepare()
        assert traffic.tick is not first


def test_our_environment_has_the_requested_vehicles() -> None:
    steps = our_steps(20)
    steps.prepare()
    assert len(steps.env.unwrapped.world.state().vehicles.id) >= 20
    assert steps.work() == STEPS


def test_camera_has_the_requested_vehicles_in_view() -> None:
    camera, bare_engine = camera_and_bare_engine(20)
    assert all(in_view(state) >= 20 for state in camera.states)
    before = camera.camera.render(camera.states[3]).copy()
    assert bare_engine.work() == camera.work() == len(camera.states)
    assert np.array_equal(camera.camera.render(camera.states[3]), before)


def test_ultralytics_predict_gives_the_same_detections_with_the_same_weights() -> None:
    predict = UltralyticsPredict(TRAINED, NETWORK, confidence=0.4, overlap=0.6)
    detector, detections = YoloDetector(TRAINED, confidence=ConfidenceThresholds.uniform(0.4)), 0
    for path in IMAGES:
        image = read_image(path)
        own, expected = detector.detect(image), predict.detect(image)
        assert len(own) == len(expected)
        for detection in own:
            overlaps = iou_matrix(np.array([detection.box]), np.array([d.box for d in expected]))
            assert overlaps.max() > 0.95
        detections += len(own)
    assert detections >= 3


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    smaller = tmp_path / "smaller.yaml"
    smaller.write_text(NETWORK.read_text().replace("C3k2, [128, False]", "C3k2, [64, False]"))
    with pytest.raises(ConfigError, match="not the network of"):
        UltralyticsPredict(TRAINED, smaller, confidence=0.4, overlap=0.6)

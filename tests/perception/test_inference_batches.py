"""Batches of images: the shipped networks give bitwise the same results as for single images."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from golden_recording import GOLDEN
from numpy.typing import NDArray
from tiny_world import PLATFORM

from drive_stack.camera_model import CameraModel
from drive_stack.perception import detector, lanes_network
from drive_stack.perception.detector import YoloDetector
from drive_stack.perception.lanes_network import LaneMeasurement, LaneNetwork
from drive_stack.policy.runner import TRUNK, PolicyRunner
from drive_stack.runtime.sessions import ENGINES, map_batch, open_session
from drive_stack.types import NavigationCommand, Observation

NETWORKS = {"detector": detector.WEIGHTS, "lanes": lanes_network.WEIGHTS}


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    """Camera images, shape (N, H, W, 3); the second half is darker copies of the first."""
    model = CameraModel()
    read = [cv2.imread(str(path)) for path in sorted(GOLDEN.glob("*.jpg"))]
    originals = np.stack([cv2.resize(image, (model.width, model.height))[..., ::-1] for image in read])
    return np.concatenate([originals, originals // 2])


def equal(first: LaneMeasurement, second: LaneMeasurement) -> bool:
    names = ("y", "sigma", "adjacent", "crossable", "ends", "visibility")
    return all(np.array_equal(getattr(first, n), getattr(second, n), equal_nan=True) for n in names)


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_the_detector_gives_the_same_in_a_batch(engine: str, images: NDArray[np.uint8]) -> None:
    single = YoloDetector(threads=1, engine=engine)
    batched = YoloDetector(threads=1, engine=engine, streams=2)
    expected = tuple(single.detect(image) for image in images)
    assert any(expected)
    assert batched.detect_batch(images) == expected
    assert single.detect_batch(images) == expected
    assert batched.detect_batch([]) == ()


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_the_lane_network_gives_the_same_in_a_batch(engine: str, images: NDArray[np.uint8]) -> None:
    single = LaneNetwork(CameraModel(), engine=engine)
    batched = LaneNetwork(CameraModel(), engine=engine, streams=2)
    expected = [single.measure(image) for image in images]
    assert max(measurement.visibility for measurement in expected) > 0.5
    assert all(map(equal, batched.measure_batch(images), expected))


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_the_policy_gives_the_same_in_a_batch_with_a_history_for_each_car(
    engine: str, images: NDArray[np.uint8]
) -> None:
    sequences = [images, images[::-1], np.roll(images, 1, axis=0)]
    drives = [
        [
            Observation(image, 10.0 * car, 0.0, False, False, 33.0, NavigationCommand.FOLLOW)
            for image in sequences[car]
        ]
        for car in range(3)
    ]
    batched = PolicyRunner(TRUNK, PLATFORM.car, PLATFORM.dt, engine=engine, streams=2)
    histories = [batched.new_history() for _ in drives]
    together = [batched.drive_batch(observations, histories) for observations in zip(*drives, strict=True)]
    single = PolicyRunner(TRUNK, PLATFORM.car, PLATFORM.dt, engine=engine)
    for car, drive in enumerate(drives):
        single.reset()
        assert [single.drive(observation) for observation in drive] == [
            controls[car] for controls in together
        ]


@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("network", sorted(NETWORKS))
def test_calls_from_many_threads_do_not_mix(network: str, engine: str) -> None:
    session = open_session(NETWORKS[network], engine=engine, threads=1, streams=2)
    rng = np.random.default_rng(3)
    inputs = [rng.integers(0, 255, session.input_shape, dtype=np.uint8) // (1 + part) for part in range(8)]
    expected = [session.run(array) for array in inputs]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(session.run, inputs))
    for outputs, expected_outputs in zip(results, expected, strict=True):
        assert all(map(np.array_equal, outputs, expected_outputs))


def test_a_stream_keeps_its_threads_where_cores_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    def streams(threads: int) -> int:
        return open_session(lanes_network.WEIGHTS, threads=threads, streams=4).streams

    assert [streams(1), streams(2), streams(3)] == [2, 1, 1]


def test_results_of_map_batch_are_in_the_order_of_the_batch() -> None:
    def square(value: int) -> int:
        return value * value

    assert map_batch(square, range(50), streams=3) == map_batch(square, range(50), streams=1)

    def fails(value: int) -> Any:
        raise ValueError(f"no {value}")

    with pytest.raises(ValueError, match="no 0"):
        map_batch(fails, range(3), streams=2)


def test_a_session_works_after_a_failed_call(tmp_path: Path) -> None:
    session = open_session(lanes_network.WEIGHTS, threads=1, streams=1)
    with pytest.raises(Exception):  # noqa: B017 - the runtime's own
        session.run(np.zeros((2, 2), np.float64))
    assert len(session.run(np.zeros(session.input_shape, np.uint8))) == len(
        onnx.load(lanes_network.WEIGHTS).graph.output
    )

"""The network from tracks and lanes to controls: its input, its invariances, its training and its driver."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import synthetic_rows
from hypothesis import given
from hypothesis import strategies as st
from tiny_world import PLATFORM, Body, TinyWorld, straight_road
from toy_recording import toy_recording

from agents.facts import agent_facts
from agents.mid_to_end import MidToEndAgent
from agents.recorded_perception import perception_source
from agents.registry import build_agent
from drive_stack.datasets.drives.reader import Recording
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Platform
from drive_stack.pipeline.perceiving import Perception, PerceptionSource, PerceptionStages
from drive_stack.policy.track_encoding import (
    CONTEXT_SIZE,
    EXISTS,
    INPUT_SIZE,
    LANES_SIZE,
    MAX_TRACKS,
    PAST,
    STATE,
    TRACK_SIZE,
    TRACKS,
    TrackEncoder,
)
from drive_stack.seeds import SeedSplit
from drive_stack.types import Detection, Image, LaneEstimate, Track
from envs.oracles import Oracles

torch = pytest.importorskip("torch")
from drive_stack.learning.mid_to_end.card import CARD  # noqa: E402
from drive_stack.learning.mid_to_end.config import MidToEndTraining, TrackAugmentSettings, TrackNetSettings  # noqa: E402
from drive_stack.learning.mid_to_end.data import TrackData, load_track_data, perceived_inputs  # noqa: E402
from drive_stack.learning.mid_to_end.job import train_mid_to_end, write_network  # noqa: E402
from drive_stack.learning.mid_to_end.network import TrackNet  # noqa: E402
from drive_stack.learning.mid_to_end.training import augment_inputs, train  # noqa: E402

CONFIG = MidToEndTraining(
    network=TrackNetSettings(track_features=16, heads=2, hidden=(32,), dropout=0.0),
    recordings=("toy",),
    validation="toy",
    epochs=3,
    batch=32,
    learning_rate=0.01,
    augment=TrackAugmentSettings(speed=0.0, yaw_rate_dropout=0.0, history_dropout=0.0, track_dropout=0.0),
)
ORACLE = ("perception.detector=none", "perception.lanes=oracle", "tracking.tracker=oracle")


def seen(world: TinyWorld) -> tuple[tuple[Track, ...], LaneEstimate]:
    oracles, observation = Oracles(world, PLATFORM), world.observation()
    lanes = oracles.lanes().estimate(observation.image, world.speed, 0.0)
    return oracles.tracker().update((), world.speed, 0.0), lanes


def encoded(world: TinyWorld) -> np.ndarray:
    tracks, lanes = seen(world)
    return TrackEncoder(0.1, 0.1).encode(tracks, lanes, world.observation())


def rows_of(inputs: np.ndarray) -> np.ndarray:
    return inputs[TRACKS].reshape(MAX_TRACKS, TRACK_SIZE)


# --- the input --------------------------------------------------------------------------------


def test_a_track_by_hand() -> None:
    """The car's centre is 50 m ahead of the rear axle and one lane to the left; it is 10 m/s slower."""
    world = TinyWorld(straight_road(2), lane=1, speed=25.0, bodies=[Body(70.0, 1.8, speed=15.0)])
    inputs = encoded(world)
    first = rows_of(inputs)[0]
    assert inputs[EXISTS].tolist() == [1.0] + [0.0] * (MAX_TRACKS - 1)
    expected = [1.0, 0.36, -1.0, 0.5, 0.0, 1.0, 0.9, 0.0, 1.0, 0.45, 0.6, 0.0, 1.0]
    assert first[:13] == pytest.approx(expected, abs=1e-5)
    assert first[13:17] == pytest.approx(np.full(4, np.log(1.1)), abs=1e-5)  # sigmas of 0.1
    assert first[17:].tolist() == [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]  # a known class, new, a car


def test_the_nearest_tracks_are_kept() -> None:
    bodies = [Body(40.0 + 5.0 * k, 0.0) for k in range(MAX_TRACKS + 2)]
    inputs = encoded(TinyWorld(straight_road(1), bodies=bodies))
    assert inputs[EXISTS].all()
    assert sorted((50.0 * rows_of(inputs)[:, 0]).round().tolist()) == [
        20.0 + 5.0 * k for k in range(MAX_TRACKS)
    ]


def test_the_past_is_that_of_the_ages_and_begins_with_the_episode() -> None:
    world, encoder = TinyWorld(straight_road(1)), TrackEncoder(0.2, 0.2)  # ages of 2 and 5 steps
    tracks, lanes = seen(world)
    pasts = []
    for speed in range(10, 17):
        observation = replace(world.observation(), speed=float(speed), yaw_rate=0.02 * speed)
        pasts.append(encoder.encode(tracks, lanes, observation)[PAST])
    assert pasts[0].tolist() == pytest.approx([0.0, 1.0, 0.0, 1.0])
    assert pasts[6].tolist() == pytest.approx([2.0 / 3.0, 1.4, 5.0 / 3.0, 1.1])  # from 14 and from 11 m/s
    encoder.reset()
    assert encoder.encode(tracks, lanes, world.observation())[PAST][0] == 0.0


def test_parts_of_the_input_fill_it() -> None:
    assert INPUT_SIZE == MAX_TRACKS * TRACK_SIZE + MAX_TRACKS + CONTEXT_SIZE
    assert PAST.start - EXISTS.stop == LANES_SIZE and STATE.stop == INPUT_SIZE


# --- the network ------------------------------------------------------------------------------


def random_inputs(seed: int, count: int) -> np.ndarray:
    """One row with ``count`` tracks."""
    inputs = np.random.default_rng(seed).normal(size=INPUT_SIZE).astype(np.float32)
    inputs[EXISTS] = np.arange(MAX_TRACKS) < count
    return inputs


@pytest.fixture(scope="module")
def network() -> TrackNet:
    torch.manual_seed(0)
    found = TrackNet(TrackNetSettings()).eval()
    with torch.no_grad():
        found.nothing.normal_()
    return found


def controls(network: TrackNet, inputs: np.ndarray) -> list[float]:
    with torch.no_grad():
        return list(network(torch.from_numpy(inputs)[None])[0].tolist())


@given(st.integers(0, 1000), st.integers(0, MAX_TRACKS), st.randoms(use_true_random=False))
def test_the_order_of_tracks_does_not_matter(
    network: TrackNet, seed: int, count: int, random: object
) -> None:
    inputs = random_inputs(seed, count)
    order = np.random.default_rng(seed + 1).permutation(MAX_TRACKS)
    moved = inputs.copy()
    moved[TRACKS], moved[EXISTS] = rows_of(inputs)[order].ravel(), inputs[EXISTS][order]
    assert controls(network, moved) == pytest.approx(controls(network, inputs), abs=1e-4)


@given(st.integers(0, 1000), st.integers(0, MAX_TRACKS - 1))
def test_rows_without_a_track_do_not_matter(network: TrackNet, seed: int, count: int) -> None:
    inputs = random_inputs(seed, count)
    other = inputs.copy()
    rows_of(other)[count:] = 7.0
    assert controls(network, other) == controls(network, inputs)


@given(st.integers(0, 1000), st.integers(1, MAX_TRACKS))
def test_every_track_matters(network: TrackNet, seed: int, count: int) -> None:
    inputs = random_inputs(seed, count)
    fewer = inputs.copy()
    fewer[EXISTS][count - 1] = 0.0
    assert controls(network, fewer) != pytest.approx(controls(network, inputs), abs=1e-6)


def test_augmentation_leaves_out_what_it_says() -> None:
    inputs = np.stack([random_inputs(seed, MAX_TRACKS) for seed in range(200)])
    rng = np.random.default_rng(0)
    settings = TrackAugmentSettings(speed=0.0, yaw_rate_dropout=0.0, history_dropout=0.5, track_dropout=0.1)
    changed = augment_inputs(inputs, settings, rng)
    dropped = (changed[:, PAST] == 0.0).all(axis=1)
    assert 70 < dropped.sum() < 130
    assert (changed[~dropped, PAST] == inputs[~dropped, PAST]).all()
    assert 0.05 < 1.0 - changed[:, EXISTS].mean() < 0.15
    assert (changed[:, STATE] == inputs[:, STATE]).all() and (inputs[:, EXISTS] == 1.0).all()


# --- training ---------------------------------------------------------------------------------


class NoDetections:
    def detect(self, image: Image) -> tuple[Detection, ...]:
        return ()


class CountingSource:
    """Perception with oracles of a world, which counts how often it is made."""

    def __init__(self) -> None:
        self.made = 0
        self.source = PerceptionSource(self._make, "counting")

    def _make(self, platform: Platform) -> Perception:
        self.made += 1
        assert platform.dt == pytest.approx(0.2)
        oracles = Oracles(TinyWorld(straight_road(1)), platform)
        stages = PerceptionStages(NoDetections(), oracles.lanes(), oracles.lifter(), oracles.tracker())
        return Perception(stages, PLATFORM.dt)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    toy_recording(folder / "toy")
    return folder


def test_the_inputs_of_a_recording_are_computed_once(recordings: Path, tmp_path: Path) -> None:
    counting, recording = CountingSource(), Recording([recordings / "toy"])
    first = perceived_inputs(recording, counting.source, 2, tmp_path)
    again = perceived_inputs(recording, counting.source, 2, tmp_path)
    assert first.shape == (120, INPUT_SIZE) and (again == first).all() and counting.made == 1
    other = PerceptionSource(counting.source.make, "another")
    perceived_inputs(recording, other, 2, tmp_path)
    assert counting.made == 2
    assert (first[:, PAST] == 0.0).all()  # constant speed without turning
    assert first[:, STATE][:, 0] == pytest.approx(np.full(120, 20.0 / 30.0))


def synthetic(rows: int, seed: int) -> TrackData:
    """The nearer the track ahead, the harder the expert brakes; it steers back to the lane's centre."""
    rng = np.random.default_rng(seed)
    inputs = np.zeros((rows, INPUT_SIZE), dtype=np.float32)
    distance, offset = rng.uniform(0.2, 2.0, rows), rng.uniform(-0.5, 0.5, rows)
    place = rng.integers(0, MAX_TRACKS, rows)
    for row in range(rows):
        rows_of(inputs[row])[place[row], 0] = distance[row]
        inputs[row, EXISTS.start + place[row]] = 1.0
    inputs[:, EXISTS.stop + 1] = offset
    target = np.stack([-2.0 * offset, distance - 2.0], axis=1).astype(np.float32)
    return TrackData(inputs, target, np.ones(rows))


def test_it_learns_from_the_set_of_tracks(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"epochs": 6})
    fitted = train(synthetic(2000, 0), synthetic(200, 1), config, 0, tmp_path, report=lambda _: None)
    assert fitted.best["longitudinal"] < 0.15  # the mean absolute deviation of the target is 0.45
    assert fitted.best["lateral"] < 0.15


def test_an_interrupted_training_gives_the_same_network(tmp_path: Path) -> None:
    data, validation = synthetic(300, 0), synthetic(50, 1)

    def run(folder: Path, *, resume: bool, epochs: int = 3) -> list[float]:
        config = CONFIG.model_copy(update={"epochs": epochs})
        fitted = train(data, validation, config, 5, folder, resume=resume, report=lambda _: None)
        return [errors["loss"] for errors in fitted.errors]

    whole = run(tmp_path / "whole", resume=False)

    def stop(line: str) -> None:
        if line.startswith("epoch 2"):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(data, validation, CONFIG, 5, tmp_path / "parts", report=stop)
    assert run(tmp_path / "parts", resume=True) == whole
    with pytest.raises(ConfigError, match="another network"):
        other = CONFIG.model_copy(update={"network": TrackNetSettings(track_features=8)})
        train(data, validation, other, 5, tmp_path / "parts", resume=True)


def test_the_whole_job_makes_a_driver(recordings: Path, tmp_path: Path) -> None:
    config = tmp_path / "mid_to_end.yaml"
    config.write_text(
        "network: {track_features: 8, heads: 2, hidden: [16]}\n"
        "recordings: [toy]\nvalidation: toy\nepochs: 1\nbatch: 16\n"
    )
    counting = CountingSource()
    weights = train_mid_to_end(
        config,
        lambda _: counting.source,
        overrides=(),
        recordings=recordings,
        work=tmp_path / "work",
        out=tmp_path / "out",
        resume=False,
        report=lambda _: None,
    )
    card = tmp_path / "out" / "mid_to_end.card.md"
    assert "120 rows" not in card.read_text()
    results = [row.result for row in synthetic_rows.drives("mid_to_end", "cruise", ".xx")]
    for split in (SeedSplit.VALIDATION, SeedSplit.TEST):
        CARD.add_drives(weights, split, results)
    assert card.read_text().count("| **all** | 1 of 3 |") == 2 and "on test seeds" in card.read_text()
    world = TinyWorld(straight_road(1), bodies=[Body(80.0, 0.0, speed=10.0)])
    overrides = (f"weights={weights}", *ORACLE)
    agent = build_agent("mid_to_end", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=overrides)
    assert isinstance(agent, MidToEndAgent) and agent.privileged
    drives = []
    for _ in range(2):
        agent.reset(0)
        drives.append([agent.act(world.observation()) for _ in range(3)])
    assert drives[0] == drives[1]
    assert agent.trace is not None and len(agent.trace.tracks) == 1 and agent.trace.plan is None
    assert set(agent_facts("mid_to_end", overrides).weights) == {"mid_to_end.onnx"}


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_the_exported_network_computes_the_same(tmp_path: Path, engine: str) -> None:
    fitted = train(synthetic(64, 0), synthetic(32, 1), CONFIG, 0, tmp_path, report=lambda _: None)
    weights = write_network(fitted, tmp_path, {})
    world = TinyWorld(straight_road(2), bodies=[Body(80.0, 0.0, speed=10.0), Body(60.0, 3.6, speed=20.0)])
    overrides = (f"weights={weights}", f"engine={engine}", *ORACLE)
    agent = build_agent("mid_to_end", PLATFORM, oracles=Oracles(world, PLATFORM), overrides=overrides)
    agent.reset(0)
    control = agent.act(world.observation())
    assert control.acceleration == pytest.approx(controls(fitted.network, encoded(world))[1], abs=1e-3)


# --- without weights --------------------------------------------------------------------------


def test_without_weights_one_line_says_which_command_makes_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"run_sim\.py train mid_to_end") as error:
        build_agent("mid_to_end", PLATFORM, overrides=(f"weights={tmp_path / 'mid_to_end.onnx'}",))
    assert "\n" not in str(error.value)


def test_missing_recordings_are_named_with_the_command_that_makes_them(tmp_path: Path) -> None:
    config = tmp_path / "mid_to_end.yaml"
    config.write_text("recordings: [plain]\n")
    with pytest.raises(ConfigError, match=r"plain: no such recording; record it with") as error:
        train_mid_to_end(
            config,
            lambda _: CountingSource().source,
            overrides=(),
            recordings=tmp_path,
            work=tmp_path / "work",
            out=tmp_path,
            resume=False,
        )
    assert "\n" not in str(error.value)


def test_the_identity_of_a_perception_changes_with_its_settings_and_weights() -> None:
    pytest.importorskip("openvino")
    shipped = perception_source(()).identity
    assert perception_source(()).identity == shipped
    assert perception_source(("perception.threads=1",)).identity == shipped
    assert perception_source(("perception.ground=level",)).identity != shipped
    with pytest.raises(ConfigError, match=r"detector\.onnx"):
        perception_source(("perception.detector_weights=/nowhere/detector.onnx",))


def test_a_recording_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no episode is recorded"):
        load_track_data([], CountingSource().source, CONFIG.balance, 2, tmp_path)

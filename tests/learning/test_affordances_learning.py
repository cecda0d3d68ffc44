"""Learning of affordances: labels from recordings, the loss, and a whole small training."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_rows import drives
from tiny_world import PLATFORM, Body, TinyWorld, straight_road
from toy_recording import TINY, random_observation, toy_row, write_recording

from agents.affordances import AffordancesAgent
from agents.facts import agent_facts
from agents.registry import build_agent
from drive_stack.datasets.drives.other_actors import other_actors_of
from drive_stack.datasets.drives.reader import Recording
from drive_stack.datasets.drives.row import ROAD_COLUMNS, DriveRow
from drive_stack.direct_perception.affordances import FLAGS, SIZE, VALUES, vector_of
from drive_stack.direct_perception.road_ahead import road_ahead
from drive_stack.direct_perception.truth import SurroundingActors, true_affordances
from drive_stack.errors import ConfigError
from drive_stack.policy.affordance_network import vector_of_outputs
from drive_stack.seeds import SeedSplit

torch = pytest.importorskip("torch")
from drive_stack.learning.affordances.card import CARD  # noqa: E402
from drive_stack.learning.affordances.job import train_affordances  # noqa: E402
from drive_stack.learning.affordances.labels import affordance_labels  # noqa: E402
from drive_stack.learning.affordances.training import affordance_loss  # noqa: E402


def recorded_row(world: TinyWorld, step: int, seed: int = 0, brightness: float = 0.5) -> DriveRow:
    """What the recorder writes of a world."""
    state = world.world_state()
    ahead = road_ahead(state)
    return replace(
        toy_row(seed, step, brightness),
        speed_mps=world.speed,
        lane_offset_m=ahead.offset,
        heading_error_rad=ahead.heading,
        curvature_1pm=ahead.curvature[0],
        other_actors=other_actors_of(state),
        lane_width_m=ahead.lane_width,
        curvature_30m_1pm=ahead.curvature[1],
        curvature_60m_1pm=ahead.curvature[2],
        curvature_100m_1pm=ahead.curvature[3],
        grade_ahead=ahead.grade,
        may_enter_left=ahead.left,
        may_enter_right=ahead.right,
        lane_ends_in_m=ahead.ends_in if math.isfinite(ahead.ends_in) else None,
        recognition_distance_m=ahead.recognition_distance,
    )


WORLDS = (
    TinyWorld(straight_road(3), lane=1, lateral_offset=0.3, bodies=[Body(70.0, 0.0, speed=15.0)]),
    TinyWorld(straight_road(1)),
    TinyWorld(
        straight_road(2, curvature=1.0 / 400.0),
        bodies=[Body(60.0, -1.8, speed=30.0), Body(50.0, 4.0, lateral_speed=-1.0, is_pedestrian=True)],
    ),
)


def test_labels_of_a_recording_are_those_of_its_worlds(tmp_path: Path) -> None:
    """The middle row has no actors, so that those of the third are not taken for its own."""
    rows = [recorded_row(world, step) for step, world in enumerate(WORLDS)]
    labels = affordance_labels(Recording([write_recording(tmp_path, [rows])]))
    assert labels.shape == (3, SIZE)
    for row, world in zip(labels, WORLDS, strict=True):
        state = world.world_state()
        truth = vector_of(
            true_affordances(road_ahead(state), SurroundingActors.of(state), world.speed, PLATFORM.camera)
        )
        assert row[: len(VALUES)] == pytest.approx(truth.values, abs=1e-4, nan_ok=True)
        assert row[len(VALUES) :].tolist() == truth.flags.tolist()
    gap = VALUES.index("own gap")
    assert labels[0, gap] == pytest.approx(math.log1p(44.0 / 20.0), abs=1e-4)
    assert np.isnan(labels[1, gap])


def test_a_recording_without_the_road_ahead_is_refused(tmp_path: Path) -> None:
    rows = [replace(toy_row(0, 0, 0.5), **dict.fromkeys(ROAD_COLUMNS))]
    with pytest.raises(ConfigError, match="older version"):
        affordance_labels(Recording([write_recording(tmp_path, [rows])]))


def test_the_loss_ignores_what_does_not_hold() -> None:
    labels = torch.zeros(2, SIZE)
    labels[:, : len(VALUES)] = torch.nan
    labels[0, 0] = 1.0  # an error of 1: 1 − 0.05 by Huber, in one of the values
    outputs = torch.zeros(2, SIZE)
    loss = affordance_loss(outputs, labels, flag_weight=0.0)
    assert float(loss) == pytest.approx(0.95 / len(VALUES))
    outputs[1, : len(VALUES)] = 100.0
    assert float(affordance_loss(outputs, labels, flag_weight=0.0)) == pytest.approx(0.95 / len(VALUES))
    with_flags = affordance_loss(torch.zeros(2, SIZE), labels, flag_weight=2.0)
    assert float(with_flags - loss) == pytest.approx(2.0 * math.log(2.0))


def test_outputs_are_values_and_probabilities() -> None:
    outputs = np.zeros(SIZE, dtype=np.float32)
    outputs[len(VALUES)], outputs[-1] = 2.0, -100.0
    vector = vector_of_outputs(outputs)
    assert vector.flags[0] == pytest.approx(1.0 / (1.0 + math.exp(-2.0)))
    assert vector.flags[1] == 0.5 and vector.flags[-1] < 1e-9
    assert len(vector.flags) == len(FLAGS)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a training and the weights of its trunk; a lead is there where the image is bright."""
    folder = tmp_path_factory.mktemp("affordances")
    free = TinyWorld(straight_road(2))
    behind = TinyWorld(straight_road(2), bodies=[Body(50.0, 1.8, speed=20.0)])
    episodes = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        has_lead = np.repeat(rng.random(10) < 0.5, 4)
        episodes.append(
            [
                recorded_row(behind if lead else free, step, seed, brightness=0.9 if lead else 0.1)
                for step, lead in enumerate(has_lead)
            ]
        )
    write_recording(folder / "recordings" / "toy", episodes)
    network = TINY[: TINY.index("rounds:")]
    (folder / "affordances.yaml").write_text(
        f"{network}recordings: [toy]\nvalidation: toy\nepochs: 12\nclip: 4\nbatch: 4\nlearning_rate: 0.02\n"
        "average_decay: 0.9\naugment: {gain: 0.0, tint: 0.0, noise: 0.0, speed: 0.0, yaw_rate_dropout: 0.0}\n"
    )
    return folder, train(folder, resume=False)


def train(folder: Path, *, resume: bool) -> Path:
    return train_affordances(
        folder / "affordances.yaml",
        overrides=(),
        recordings=folder / "recordings",
        work=folder / "work",
        out=folder / "out",
        resume=resume,
        report=lambda _: None,
    )


def test_it_learns_when_there_is_a_lead(trained: tuple[Path, Path]) -> None:
    _, trunk = trained
    agent = build_agent("affordances", PLATFORM, overrides=(f"weights={trunk}",))
    assert isinstance(agent, AffordancesAgent) and not agent.privileged
    for level, tracks in ((40 + 144, 1), (40 + 16, 0)):
        agent.reset(0)
        image = np.full((256, 640, 3), level, np.uint8)
        agent.act(replace(random_observation(np.random.default_rng(0)), image=image))
        assert agent.trace is not None and len(agent.trace.tracks) == tracks
        assert agent.trace.attention is not None and agent.trace.attention().shape == (256, 640)


def test_the_card_and_the_hashes_of_the_weights(trained: tuple[Path, Path]) -> None:
    folder, trunk = trained
    facts = agent_facts("affordances", (f"weights={trunk}",))
    assert set(facts.weights) == {"affordances.trunk.onnx", "affordances.head.onnx"}
    assert (facts.privileged, facts.uses_camera) == (False, True)
    assert "| toy | 160 | 4 |" in (folder / "out" / "affordances.card.md").read_text()
    results = [row.result for row in drives("affordances", "cruise", "..x")]
    figures = CARD.add_drives(trunk, SeedSplit.VALIDATION, results)
    assert (figures["all"]["episodes"], figures["all"]["successes"]) == (3, 2)
    card = (folder / "out" / "affordances.card.md").read_text()
    assert "| toy | 160 | 4 |" in card and "| **all** | 2 of 3 |" in card and "on validation seeds" in card


def test_a_finished_training_is_installed_again_without_training(trained: tuple[Path, Path]) -> None:
    folder, trunk = trained
    before = trunk.read_bytes()
    assert train(folder, resume=True).read_bytes() == before

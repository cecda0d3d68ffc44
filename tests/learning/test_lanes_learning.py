"""The bird's-eye view, the augmentation of labels, and the lane network's training and export."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.errors import ConfigError
from drive_stack.learning.lanes import card_fields
from drive_stack.learning.lanes.batches import (
    Labels,
    augment,
    collate,
    end_distribution,
    mirror,
    move,
    repeated_rows,
)
from drive_stack.learning.lanes.config import LaneTraining
from drive_stack.learning.lanes.network import LaneNet, export, export_quantised
from drive_stack.learning.lanes.training import LabelledViews, LaneTrainer, compute_loss
from drive_stack.perception.lanes_ground import BirdsEyeView, GroundGrid
from drive_stack.perception.lanes_network import LaneNetwork
from drive_stack.runtime.weights import write_card
from drive_stack.types import Image

CAMERA, GRID = CameraModel(), GroundGrid()
ROOT = Path(__file__).resolve().parents[2]
WIDTH = 3.6


def road_image(offset: float, curvature: float = 0.0) -> Image:
    """A grey road with four white lines, seen from ``offset`` left of the lane's centre."""
    image = np.full((CAMERA.height, CAMERA.width, 3), 90, dtype=np.uint8)
    x = np.linspace(6.0, 150.0, 400)
    for edge in (5.4, 1.8, -1.8, -5.4):
        y = edge - offset + 0.5 * curvature * x**2
        sides = [
            CAMERA.project(np.stack([x, y + half, np.zeros_like(x)], axis=1))[:, :2] for half in (0.08, -0.08)
        ]
        outline = np.concatenate([sides[0], sides[1][::-1]]) - 0.5
        cv2.fillPoly(image, [np.round(outline * 16).astype(np.int32)], (250, 250, 250), cv2.LINE_AA, 4)
    return image


def labels(offset: float, curvature: float = 0.0) -> Labels:
    edges = np.array([5.4, 1.8, -1.8, -5.4])[:, None]
    y = (edges - offset + 0.5 * curvature * GRID.anchors**2).astype(np.float32)
    is_inside = np.abs(y) < GRID.half_width
    return {
        "y": np.where(is_inside, y, np.nan).astype(np.float32),
        "inside": is_inside,
        "clear": is_inside,
        "neighbour": np.array([True, False]),
        "enterable": np.array([True, False]),
        "crossable": np.array([GRID.anchors < 40.0, np.zeros(GRID.rows, dtype=np.bool_)]),
        "ends": np.array([np.inf, 50.0, np.inf], dtype=np.float32),
        "offset": np.asarray(offset, dtype=np.float32),
        "heading": np.asarray(0.01, dtype=np.float32),
        "curvature": np.asarray(curvature, dtype=np.float32),
        "width": np.asarray(WIDTH, dtype=np.float32),
    }


def bright_columns(view: NDArray[np.uint8], row: int) -> list[float]:
    """Laterals [m] of the centres of the bright parts of one row of the view."""
    bright = np.clip(view[row].mean(axis=1) - 110.0, 0.0, None)
    pixel = GRID.bin_width / GRID.pixels_per_cell
    groups = np.split(np.arange(len(bright)), np.flatnonzero(np.diff(bright > 0)) + 1)
    return [
        float(GRID.half_width - pixel * (np.average(group, weights=bright[group]) + 0.5))
        for group in groups
        if bright[group].sum() > 0
    ]


@pytest.mark.parametrize("offset", [0.0, 0.7])
def test_the_view_shows_lines_where_they_are_on_the_ground(offset: float) -> None:
    view = BirdsEyeView(CAMERA, GRID).warp(road_image(offset))
    assert view.shape == (*GRID.view_shape, 3)
    for anchor in (10, 15, 20):  # 18 to 42 m, where all four are in the image
        assert GRID.anchors[anchor] > 15.0
        laterals = bright_columns(view, anchor * GRID.pixels_per_cell)
        assert laterals == pytest.approx([edge - offset for edge in (5.4, 1.8, -1.8, -5.4)], abs=0.06)


def test_the_view_is_black_outside_the_image() -> None:
    view = BirdsEyeView(CAMERA, GRID).warp(np.full((CAMERA.height, CAMERA.width, 3), 255, dtype=np.uint8))
    assert view[0, 0].max() == 0 and view[-1, 0].min() == 255


def test_mirroring_twice_changes_nothing() -> None:
    view = BirdsEyeView(CAMERA, GRID).warp(road_image(0.4))
    once = mirror(view, labels(0.4, 1e-3))
    again, known = mirror(*once)
    assert np.array_equal(again, view)
    for name, value in labels(0.4, 1e-3).items():
        assert np.array_equal(known[name], value, equal_nan=True)
    assert once[1]["neighbour"].tolist() == [False, True]
    assert once[1]["offset"] == pytest.approx(-0.4)
    assert once[1]["y"][1] == pytest.approx(-labels(0.4, 1e-3)["y"][2], nan_ok=True)


@pytest.mark.parametrize("bins", [-3, 2])
def test_moving_the_view_moves_its_lines_with_their_labels(bins: int) -> None:
    view = BirdsEyeView(CAMERA, GRID).warp(road_image(0.0))
    moved, known = move(view, labels(0.0), bins, GRID)
    row = 15
    assert bright_columns(moved, row * GRID.pixels_per_cell) == pytest.approx(
        known["y"][:, row].tolist(), abs=0.06
    )
    assert known["offset"] == pytest.approx(bins * GRID.bin_width)


def test_labels_become_probabilities_of_two_bins() -> None:
    view = np.zeros((*GRID.view_shape, 3), dtype=np.uint8)
    batch = collate([(view, labels(0.3, 4e-3))], LaneTraining(), GRID)
    has_label = batch.weight[0] > 0.0
    y = (batch.heat[0] * torch.from_numpy(GRID.bin_centres).float()).sum(dim=2)
    expected = torch.from_numpy(labels(0.3, 4e-3)["y"].astype(np.float32))
    assert torch.allclose(y[has_label], expected[has_label], atol=1e-4)
    assert not has_label.all() and has_label.any()
    assert batch.neighbour[0].tolist() == [1.0, 0.0]
    assert batch.ends_weight[0].tolist() == [1.0, 1.0, 0.0]
    assert batch.ends[0, 0, -1] == 1.0
    is_weighted = batch.crossable_weight[0] > 0.0
    assert not is_weighted[1].any()  # no lane exists on the right
    assert is_weighted[0].tolist() == (GRID.anchors < 50.0).tolist()  # the ego's lane ends at 50 m
    assert batch.crossable[0, 0].tolist() == (GRID.anchors < 40.0).tolist()


@pytest.mark.parametrize("end", [3.0, 7.5, 50.0, 160.0])
def test_an_end_is_divided_between_the_anchors_around_it(end: float) -> None:
    probabilities = end_distribution(torch.tensor([[end]]), GRID)[0, 0]
    assert float(probabilities.sum()) == pytest.approx(1.0)
    anchors = torch.from_numpy(GRID.anchors).float()
    assert float((probabilities[:-2] * anchors).sum()) == pytest.approx(max(end, GRID.min_distance), rel=1e-3)


def test_far_ends_and_endless_lanes_have_separate_classes() -> None:
    probabilities = end_distribution(torch.tensor([[200.0, 400.0, np.inf]]), GRID)[0]
    assert probabilities[:, -2].tolist() == [1.0, 0.0, 0.0]
    assert probabilities[:, -1].tolist() == [0.0, 1.0, 1.0]
    assert float(probabilities.sum()) == 3.0


def test_frames_of_ends_and_barriers_are_repeated() -> None:
    none = labels(0.0) | {"ends": np.full(3, np.inf, dtype=np.float32)}
    barrier = none | {"enterable": np.array([False, False])}
    config = LaneTraining(lane_end_repeats=3, barrier_repeats=2)
    assert repeated_rows([none, labels(0.0), barrier], config).tolist() == [0, 1, 1, 1, 2, 2]


def test_degraded_views_are_labelled_as_without_lanes() -> None:
    view = BirdsEyeView(CAMERA, GRID).warp(road_image(0.0))
    config = LaneTraining(degraded_fraction=1.0)
    degraded = [augment(view, labels(0.0), np.random.default_rng(seed), config, GRID) for seed in range(8)]
    batch = collate(degraded, config, GRID)
    assert float(batch.present.sum()) == float(batch.weight.sum()) == float(batch.ends_weight.sum()) == 0.0
    assert float(batch.crossable_weight.sum()) == float(batch.shows_lanes.sum()) == 0.0
    for changed, _ in degraded:
        assert changed.shape == view.shape and not np.array_equal(changed, view)


def test_augmentation_repeats_with_its_seed() -> None:
    view = BirdsEyeView(CAMERA, GRID).warp(road_image(0.0))
    first, second = (
        augment(view, labels(0.0), np.random.default_rng(3), LaneTraining(), GRID) for _ in range(2)
    )
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1]["y"], second[1]["y"], equal_nan=True)


def test_the_committed_configuration_is_valid() -> None:
    path = ROOT / "configs" / "training" / "lanes.yaml"
    assert load_model(path, LaneTraining, ["epochs=2"]).epochs == 2
    with pytest.raises(ConfigError, match="hidden_weight"):
        load_model(path, LaneTraining, ["hidden_wait=1"])


@pytest.mark.slow
def test_the_network_learns_to_detect_lines_and_the_exported_one_agrees(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    roads = [(float(rng.uniform(-1.5, 1.5)), float(rng.uniform(-2e-3, 2e-3))) for _ in range(320)]
    bev = BirdsEyeView(CAMERA, GRID)
    views = np.stack([bev.warp(road_image(*road)) for road in roads])
    config = LaneTraining(epochs=10, batch=16, threads=1, average_decay=0.98)
    truths = [labels(*road) for road in roads]
    data = LabelledViews(views, truths)
    trained = LaneTrainer(data, data, config, GRID, tmp_path, lambda _: None).train()
    weights = tmp_path / "lanes.onnx"
    export(trained.network, weights, GRID)
    write_card(weights, "a test", {})
    network = LaneNetwork(CAMERA, weights)
    measurement = network.measure(road_image(0.5, 1e-3))
    truth = labels(0.5, 1e-3)["y"]
    errors = np.abs(measurement.y - truth)[1:3, :25]
    assert np.isfinite(errors).mean() > 0.9
    assert float(np.nanmedian(errors)) < 0.15
    with torch.no_grad():
        heat, *_ = trained.network(torch.from_numpy(bev.warp(road_image(0.5, 1e-3))[None]))
    session_heat = network._session.run(bev.warp(road_image(0.5, 1e-3))[None])[0]
    assert np.allclose(heat.softmax(dim=3).numpy(), session_heat, atol=2e-3)
    quantised = tmp_path / "quantised.onnx"
    export_quantised(trained.network, quantised, GRID, data.sample(40, seed=0))
    write_card(quantised, "a test", {})
    assert quantised.stat().st_size < 0.6 * weights.stat().st_size
    in_eight_bits = LaneNetwork(CAMERA, quantised).measure(road_image(0.5, 1e-3))
    assert float(np.nanmedian(np.abs(in_eight_bits.y - measurement.y))) < 0.02


def random_views(count: int, first: int = 0) -> LabelledViews:
    rng = np.random.default_rng(first)
    offsets = [float(rng.uniform(-1.5, 1.5)) for _ in range(count)]
    bev = BirdsEyeView(CAMERA, GRID)
    return LabelledViews(
        np.stack([bev.warp(road_image(offset)) for offset in offsets]), [labels(offset) for offset in offsets]
    )


class PowerError(Exception):
    pass


def test_an_interrupted_training_resumes_with_the_same_result(tmp_path: Path) -> None:
    training, validation = random_views(16), random_views(8, first=1)
    config = LaneTraining(epochs=3, batch=8, threads=1)

    def interrupted(line: str) -> None:
        if line.startswith("epoch 1/"):
            raise PowerError

    for folder in ("whole", "interrupted"):
        (tmp_path / folder).mkdir()
    whole = LaneTrainer(training, validation, config, GRID, tmp_path / "whole", lambda _: None).train()
    with pytest.raises(ConfigError, match="no checkpoint"):
        LaneTrainer(training, validation, config, GRID, tmp_path, lambda _: None).train(resume=True)
    with pytest.raises(PowerError):
        LaneTrainer(training, validation, config, GRID, tmp_path / "interrupted", interrupted).train()
    resumed_trainer = LaneTrainer(
        training, validation, config, GRID, tmp_path / "interrupted", lambda _: None
    )
    result = resumed_trainer.train(resume=True)
    assert (result.loss, result.epochs) == (whole.loss, 3)
    assert (tmp_path / "whole" / "curves").is_dir()
    for resumed, original in zip(result.network.parameters(), whole.network.parameters(), strict=True):
        assert torch.equal(resumed, original)


def test_training_stops_when_the_loss_stops_improving_and_keeps_the_best(tmp_path: Path) -> None:
    training, validation = random_views(8), random_views(8, first=1)
    losses = iter([3.0, 2.0, 2.5, 2.4, 1.0])

    class WithFixedLosses(LaneTrainer):
        def _validate(self) -> float:
            return next(losses)

    config = LaneTraining(epochs=5, batch=8, threads=1, patience=2)
    trained = WithFixedLosses(training, validation, config, GRID, tmp_path, lambda _: None).train()
    assert (trained.epochs, trained.loss) == (4, 2.0)


def test_the_loss_is_lowest_for_the_truth() -> None:
    view = np.zeros((*GRID.view_shape, 3), dtype=np.uint8)
    batch = collate([(view, labels(0.3))], LaneTraining(), GRID)
    scale = 60.0

    def logits(values: torch.Tensor) -> torch.Tensor:
        return scale * values - scale / 2.0

    truth = (
        (batch.heat + 1e-6).log(),
        logits(batch.present),
        logits(batch.neighbour),
        logits(batch.crossable),
        (batch.ends + 1e-6).log(),
    )
    lowest = float(compute_loss(truth, batch))
    for index, wrong in enumerate(
        (truth[0].roll(5, dims=3), -truth[1], -truth[2], -truth[3], truth[4].roll(5, dims=2))
    ):
        assert float(compute_loss((*truth[:index], wrong, *truth[index + 1 :]), batch)) > lowest + 1.0


def test_weights_for_another_grid_are_refused(tmp_path: Path) -> None:
    grid = GroundGrid(rows=16)
    weights = tmp_path / "lanes.onnx"
    export(LaneNet(grid), weights, grid)
    write_card(weights, "a test", {})
    with pytest.raises(ConfigError, match="train lanes"):
        LaneNetwork(CAMERA, weights)
    weights.write_bytes(weights.read_bytes() + b"x")
    with pytest.raises(ConfigError, match="SHA-256"):
        LaneNetwork(CAMERA, weights, grid=grid)


def test_an_evaluation_of_the_shipped_network_keeps_what_the_card_says_of_its_training() -> None:
    trained = card_fields.TrainingFacts.__annotations__.keys()
    for figures in (card_fields.ValidationFigures, card_fields.TestFigures):
        assert not trained & figures.__annotations__.keys()

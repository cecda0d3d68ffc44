"""The asphalt of a worn road: smooth tones, and patches, seams and skid marks on its lanes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tiny_world import TinyWorld, straight_road

from drive_stack.camera_model import CameraModel
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions, Weather
from envs.camera import Camera
from envs.camera.ground.asphalt import smooth_lanes
from envs.camera.ground.chunk import ground_layers
from envs.camera.ground.damage import damage
from envs.camera.ground.layers import Layer, layer_of, merge_quads
from envs.scenarios.conditions import ConditionsSpec
from envs.scenarios.quantity import fixed

ROAD = straight_road()  # two lanes of 3.6 m along x, from y = −3.6 to 3.6 m
ASPHALT = np.array([92.0, 93.0, 96.0])


def asphalt(start: float, end: float, wear: float = 1.0, seed: int = 0) -> Layer:
    layer = smooth_lanes(ROAD, Conditions(scenery_seed=seed), wear, start, end)
    assert layer is not None
    return layer


def damage_of(wear: float, seed: int = 0, conditions: Conditions | None = None) -> Layer | None:
    base = conditions or Conditions()
    return damage(ROAD, dataclasses.replace(base, scenery_seed=seed), wear, 0.0, 200.0)


def red_at(layer: Layer) -> dict[tuple[float, float, int], set[float]]:
    """The red values of the corners at each place (x, y) and lane."""
    found: dict[tuple[float, float, int], set[float]] = {}
    for corners, colours in zip(layer.corners, layer.colours, strict=True):
        lane = int(corners[:, 1].mean() < 0.0)
        for (x, y, _), (red, *_) in zip(corners.round(6), colours.round(6), strict=True):
            found.setdefault((float(x), float(y), lane), set()).add(float(red))
    return found


def test_the_tone_of_the_asphalt_has_no_edges_within_a_lane() -> None:
    """Quads that meet have the same colour there, and so have the chunks on both sides of 200 m."""
    first, second = red_at(asphalt(0.0, 200.0)), red_at(asphalt(200.0, 400.0))
    assert all(len(values) == 1 for values in first.values())
    seam = [place for place in first if place[0] == 200.0]
    assert len(seam) == 2 * 9
    assert all(first[place] == second[place] for place in seam)


def test_new_asphalt_has_the_usual_tone_with_darker_wheel_tracks() -> None:
    layers = [asphalt(0.0, 1000.0, wear=0.0, seed=seed) for seed in range(10)]
    red = np.concatenate([layer.colours[:, :, 0].ravel() for layer in layers])
    assert red.mean() == pytest.approx(92.0, abs=1.5)
    y = np.concatenate([layer.corners[:, :, 1].ravel() for layer in layers])
    track = np.isclose(np.abs(np.abs(y) - 1.8), 0.235 * 3.6)
    beside = np.isclose(np.abs(np.abs(y) - 1.8), 0.11 * 3.6)
    # the depth is 0.75 · (1 % + 6 %) on average
    assert (red[beside].mean() - red[track].mean()) / 92.0 == pytest.approx(0.0525, abs=0.012)


def test_no_lane_and_no_stretch_repeats_another() -> None:
    first, second = asphalt(0.0, 200.0), asphalt(200.0, 400.0)
    left = first.corners[:, :, 1].mean(axis=1) > 0.0
    assert np.abs(first.colours[left] - first.colours[~left]).max() > 3.0
    assert np.abs(first.colours - second.colours).max() > 3.0


def test_merged_quads_keep_the_tones_of_their_ends() -> None:
    corners = np.array(
        [[[x, 1.0, 0.0], [x, 0.0, 0.0], [x + 3.0, 0.0, 0.0], [x + 3.0, 1.0, 0.0]] for x in (0.0, 3.0)]
    )
    tones = np.array([[10.0, 20.0, 40.0, 30.0], [30.0, 40.0, 80.0, 70.0]])
    layer = layer_of(SemanticClass.ROAD, corners, np.repeat(tones[..., None], 3, axis=2), smooth=True)
    merged = merge_quads(layer, 2)
    np.testing.assert_array_equal(merged.corners[0, :, 0], [0.0, 0.0, 6.0, 6.0])
    np.testing.assert_array_equal(merged.colours[0, :, 0], [10.0, 20.0, 80.0, 70.0])


def test_damage_lies_on_the_pavement_and_faces_up() -> None:
    for seed in range(30):
        layer = damage_of(1.0, seed)
        assert layer is not None
        assert layer.kind is None  # it has the label of the road below it
        x, y, z = np.moveaxis(layer.corners, 2, 0)
        assert x.min() > -0.6 and x.max() < 200.6
        assert np.abs(y).max() < 1.8 + 0.4 + 0.8 + 0.75 + 0.11 + 1e-9
        assert not z.any()
        assert (signed_area(layer.corners) > 0.0).all()


def signed_area(corners: FloatArray) -> FloatArray:
    """Area of quads (Q, 4, 3) as seen from above, positive if counter-clockwise [m²]."""
    x, y = corners[:, :, 0], corners[:, :, 1]
    area: FloatArray = 0.5 * (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1)
    return area


def test_the_amount_of_damage_is_proportional_to_the_wear() -> None:
    def area(wear: float) -> float:
        layers = (damage_of(wear, seed) for seed in range(150))
        return sum(float(signed_area(layer.corners).sum()) for layer in layers if layer is not None)

    assert damage_of(0.0) is None
    assert area(1.0) / area(0.5) == pytest.approx(2.0, rel=0.25)


def test_damage_is_darker_or_paler_than_asphalt_within_its_bounds() -> None:
    """Tar has 0.42 of the asphalt's brightness, old patches up to 1.16, and 0.62 of both in heavy rain."""
    wet = Conditions(Weather.RAIN, rain_rate=1.0)
    for conditions, tone in ((Conditions(), 1.0), (wet, 0.62)):
        layers = [damage_of(1.0, seed, conditions) for seed in range(30)]
        red = np.concatenate([layer.colours[:, :, 0].ravel() for layer in layers if layer is not None])
        assert red.min() == pytest.approx(92.0 * 0.42 * tone)
        assert 92.0 * 1.1 * tone < red.max() < 92.0 * 1.16 * tone


def test_the_key_leaves_terrain_shoulders_and_markings_as_they_are() -> None:
    plain = ground_layers(ROAD, Conditions(scenery_seed=5), 0.0, 200.0)
    worn = ground_layers(ROAD, Conditions(scenery_seed=5, asphalt_wear=1.0), 0.0, 200.0)
    for kind in (SemanticClass.TERRAIN, SemanticClass.SHOULDER, SemanticClass.MARKING):
        (before,), (after,) = ([layer for layer in made if layer.kind is kind] for made in (plain, worn))
        np.testing.assert_array_equal(after.corners, before.corners)
        np.testing.assert_array_equal(after.colours, before.colours)


def test_labels_do_not_show_the_damage() -> None:
    camera = Camera(CameraModel())
    semantics = []
    for wear in (None, 1.0):
        conditions = Conditions(scenery_seed=3, asphalt_wear=wear)
        state = dataclasses.replace(TinyWorld(ROAD).world_state(), conditions=conditions)
        camera.load(ROAD, conditions)
        semantics.append(camera.labels(state).semantic)
    camera.close()
    np.testing.assert_array_equal(semantics[0], semantics[1])


def test_the_wear_is_drawn_apart_from_the_other_conditions() -> None:
    plain, worn = (
        ConditionsSpec(**keys).draw(np.random.default_rng(4), 0)
        for keys in ({}, {"asphalt_wear": fixed(0.6)})
    )
    assert plain.asphalt_wear is None
    assert worn == dataclasses.replace(plain, asphalt_wear=0.6)

"""Worn stretches, ghost lines and temporary lines: where they lie, and their colours."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from tiny_world import TinyWorld, straight_road

from drive_stack.camera_model import CameraModel
from drive_stack.errors import ConfigError
from drive_stack.road.markings import Closure, GhostLines, Markings, TemporaryLines, WornStretch
from drive_stack.types import FloatArray, Image, SemanticClass
from drive_stack.world_state import Conditions, WorldState
from envs.camera import Camera
from envs.camera.ground.chunk import ground_layers
from envs.camera.ground.layers import Layer
from envs.scenarios.scenario import load_scenario
from envs.world import World

ROAD = straight_road()  # two lanes of 3.6 m along x: lines at y = 3.6, 0 and −3.6 m
ASPHALT, PAINT = np.array([92.0, 93.0, 96.0]), np.array([232.0, 232.0, 226.0])
GHOST = GhostLines(100.0, 160.0, offset=0.6, skew=0.01, strength=0.4, dark=False)
TEMPORARY = TemporaryLines(100.0, 190.0, shift=0.4, old_wear=0.3)


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera(CameraModel())
    yield camera
    camera.close()


def layers_of(markings: Markings) -> list[Layer]:
    return ground_layers(ROAD, Conditions(markings=markings), 0.0, 200.0)


def painted(markings: Markings) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Stations and laterals of the centres, and colours, of the valid lines' quads."""
    (layer,) = [layer for layer in layers_of(markings) if layer.kind is SemanticClass.MARKING]
    return centres(layer)


def old(markings: Markings) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The same of the lines that do not hold, which lie between the asphalt and the valid lines."""
    layers = layers_of(markings)
    assert len(layers) == len(layers_of(Markings())) + 1
    assert layers[-2].kind is None
    return centres(layers[-2])


def centres(layer: Layer) -> tuple[FloatArray, FloatArray, FloatArray]:
    middle = layer.corners.mean(axis=1)
    return middle[:, 0], middle[:, 1], layer.colours[:, 0, :3]


def state_of(markings: Markings) -> WorldState:
    """An ego at station 20 m on the left lane, on an empty road."""
    state = TinyWorld(ROAD).world_state()
    return dataclasses.replace(state, conditions=Conditions(markings=markings))


def picture(camera: Camera, markings: Markings) -> Image:
    state = state_of(markings)
    camera.load(ROAD, state.conditions)
    return camera.render(state)


def semantic(camera: Camera, markings: Markings) -> np.ndarray:
    state = state_of(markings)
    camera.load(ROAD, state.conditions)
    return camera.labels(state).semantic


def test_nothing_is_left_of_paint_that_is_worn_to_nothing(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    worn = Markings(worn=(WornStretch(0.0, 60.0, 1.0),))
    rows = slice(150, None)  # nearer than 20 m
    seen = picture(camera, worn)
    unworn = picture(camera, Markings())
    monkeypatch.setattr("envs.camera.ground.chunk.markings", lambda *_: None)
    bare = picture(camera, Markings())
    assert np.abs(seen[rows].astype(int) - bare[rows]).max() <= 1
    assert np.abs(unworn[rows].astype(int) - bare[rows]).max() > 80


def test_a_worn_stretch_leaves_the_rest_of_the_road_as_it_is() -> None:
    station, lateral, colour = painted(Markings())
    before = (station < 60.0) | (station > 90.0)
    left, left_lateral, left_colour = painted(Markings(worn=(WornStretch(60.0, 90.0, 1.0),)))
    np.testing.assert_array_equal(left, station[before])
    np.testing.assert_array_equal(left_lateral, lateral[before])
    np.testing.assert_array_equal(left_colour, colour[before])


def test_partly_worn_paint_is_a_mixture_of_paint_and_asphalt() -> None:
    """The wear of a road with 0.2 varies by 0.12, so it is below 0.8 everywhere."""
    station, _, colour = painted(Markings(worn=(WornStretch(60.0, 90.0, 0.8),)))
    inside = (station > 60.0) & (station < 90.0)
    assert inside.sum() > 40
    np.testing.assert_allclose(colour[inside], np.tile(0.2 * PAINT + 0.8 * ASPHALT, (inside.sum(), 1)))


def test_ghost_lines_lie_askew_to_the_valid_ones() -> None:
    """0.6 m to the left at their beginning, and 1 cm more on each metre."""
    station, lateral, _ = old(Markings(ghosts=(GHOST,)))
    assert (station.min(), station.max()) == pytest.approx((100.75, 159.25), abs=1.0)
    from_valid = lateral - 0.6 - 0.01 * (station - 100.0)
    borders = np.array([-3.6, 0.0, 3.6])
    nearest = borders[np.abs(from_valid[:, None] - borders).argmin(axis=1)]
    np.testing.assert_allclose(from_valid, nearest, atol=1e-9)
    assert set(nearest) == set(borders)


@pytest.mark.parametrize(
    ("dark", "strongest", "weakest"),
    [(False, 92.0 + 0.4 * 140.0, 92.0 + 0.2 * 140.0), (True, 92.0 * 0.8, 92.0 * 0.9)],
)
def test_ghost_lines_have_a_fraction_of_paint_s_contrast(
    dark: bool, strongest: float, weakest: float
) -> None:
    """Pieces have half to all of the strength 0.4; dark traces go towards half the asphalt's brightness."""
    _, _, colour = old(Markings(ghosts=(dataclasses.replace(GHOST, dark=dark),)))
    red = colour[:, 0]
    low, high = sorted((strongest, weakest))
    assert low <= red.min() < low + 5.0
    assert high - 5.0 < red.max() <= high


def test_ghost_lines_off_the_pavement_are_left_out() -> None:
    """The pavement reaches from y = −6.6 to 4.6 m."""
    _, lateral, _ = old(Markings(ghosts=(dataclasses.replace(GHOST, offset=2.0, skew=0.0),)))
    assert set(np.unique(lateral.round(9))) == {-1.6, 2.0}


def test_only_valid_lines_have_the_label_of_a_marking(camera: Camera) -> None:
    ghosts = dataclasses.replace(GHOST, start=20.0, end=150.0)
    plain = semantic(camera, Markings())
    assert (plain == SemanticClass.MARKING).sum() > 300
    np.testing.assert_array_equal(semantic(camera, Markings(ghosts=(ghosts,))), plain)
    temporary = dataclasses.replace(TEMPORARY, start=0.0, end=500.0)
    np.testing.assert_array_equal(semantic(camera, Markings(temporary=(temporary,))), plain)
    assert (semantic(camera, Markings(worn=(WornStretch(0.0, 3000.0, 1.0),))) != SemanticClass.MARKING).all()


def test_temporary_lines_are_yellow_and_lie_where_the_lanes_edges_are() -> None:
    station, lateral, colour = painted(Markings())
    yellow_station, yellow_lateral, yellow_colour = painted(Markings(temporary=(TEMPORARY,)))
    np.testing.assert_array_equal(yellow_station, station)
    np.testing.assert_array_equal(yellow_lateral, lateral)
    inside = (station > 100.0) & (station < 190.0)
    np.testing.assert_array_equal(yellow_colour[~inside], colour[~inside])
    red, _, blue = yellow_colour[inside].T
    assert (red - blue > 120.0).all()
    assert (np.abs(colour[:, 0] - colour[:, 2]) < 8.0).all()


def test_the_white_lines_remain_beside_the_temporary_ones() -> None:
    """They lead to their place over 40 m at both ends, along 3 t² − 2 t³, which is a half in the middle."""
    station, lateral, colour = old(Markings(temporary=(TEMPORARY,)))
    left = lateral > 2.0
    for at, shift in ((120.5, 0.2), (145.0, 0.4), (169.5, 0.2)):
        nearest = np.abs(station[left] - at).argmin()
        assert lateral[left][nearest] - 3.45 == pytest.approx(shift + 0.15, abs=0.02)
    expected = PAINT + 0.3 * (ASPHALT - PAINT)
    assert np.abs(colour.mean(axis=0) - expected).max() < 5.0


def test_temporary_lines_lead_round_a_closed_lane() -> None:
    """The right lane is closed: a line crosses it from y = −3.6 to 0 m, and the open one has an edge line."""
    closure = Closure(1, 110.0, 150.0, 180.0)
    works = Markings(temporary=(TEMPORARY,), closures=(closure,))
    station, lateral, _ = painted(works)
    in_taper, behind = (station > 110.0) & (station < 150.0), (station > 152.0) & (station < 180.0)
    crossing = in_taper & (lateral < -0.2)
    np.testing.assert_allclose(lateral[crossing], -3.6 + 3.6 * (station[crossing] - 110.0) / 40.0, atol=1e-9)
    assert crossing.sum() > 20
    assert lateral[behind].min() == pytest.approx(0.15)  # an edge line is 0.3 m wide, inside its lane
    assert lateral[(station > 182.0)].min() == pytest.approx(-3.45)


def test_the_same_seed_gives_the_same_markings_and_leaves_the_other_draws() -> None:
    base = World(load_scenario("cruise"), 7)
    twin, again = (World(load_scenario("s_bend[shift=paint/2]"), 7) for _ in range(2))
    assert twin.conditions.markings == again.conditions.markings
    assert twin.conditions.markings != World(load_scenario("s_bend[shift=paint/2]"), 8).conditions.markings
    assert base.conditions.markings == Markings()


def test_temporary_lines_know_the_closures_inside_their_stretch() -> None:
    keys = ("obstacles.0.at=100", "obstacles.0.taper=60", "obstacles.0.length=80")
    closure = Closure(2, 400.0, 460.0, 540.0)
    covered = World(load_scenario("construction", (*keys, "road.lanes=3", temporary_at(80, 200))), 7)
    assert covered.conditions.markings.closures == (closure,)
    partly = World(load_scenario("construction", (*keys, "road.lanes=3", temporary_at(80, 100))), 7)
    assert partly.conditions.markings.closures == ()


def temporary_at(at: float, length: float) -> str:
    return f"markings.temporary=[{{at: {at}, length: {length}}}]"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("markings.ghost=[{at: 2400}]", r"markings\.ghost\.0\.at: must lie within 0 … 2300"),
        ("markings.worn_stretches=[{at: 10, wear: 1.2}]", r"worn_stretches\.0\.wear: must lie within 0 … 1"),
        ("markings.temporary=[{at: 10, shift: 4}]", r"temporary\.0\.shift: must lie within -3 … 3"),
        ("markings.ghosts=[]", "ghost"),
    ],
)
def test_unusable_markings_are_refused_in_one_line(key: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_scenario("cruise", (key,))
    assert "\n" not in str(caught.value)

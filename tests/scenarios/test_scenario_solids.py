"""Solids of random form on the road: their places, labels, contacts, and the training scene made of them."""

from pathlib import Path

import numpy as np
import pytest
from scenario_worlds import EGO_FRONT, hold_middle_lane, projected_box, refusal, world, write_scenario

from drive_stack.config import load_model
from drive_stack.datasets.held_out import held_out_content
from drive_stack.learning.detector.config import DetectorTraining
from drive_stack.objects.classes import TAUGHT_CLASSES
from drive_stack.support.layout import CONFIGS
from drive_stack.types import ContactKind, ObjectClass, SemanticClass
from drive_stack.world_state import ObstacleKind, ObstacleStates
from envs.camera.camera import Camera
from envs.scenarios.scenario import load_scenario
from envs.world import World

SCENE = CONFIGS / "training" / "scenes" / "odd_objects.yaml"


def solids(text: str, seed: int = 0) -> ObstacleStates:
    return world(text, seed).state().obstacles


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("distance", [12.0, 30.0])
def test_the_mask_fills_most_of_the_projected_cuboid(seed: int, distance: float, camera: Camera) -> None:
    placed = world(
        f"obstacles: [{{kind: solid, at: {distance + EGO_FRONT}, size: {{min: 1, max: 2}}}}]", seed
    )
    camera.load(placed.road, placed.conditions, placed.limits)
    state = placed.state()
    truth = camera.labels(state)
    (label,) = truth.boxes
    assert label.label is ObjectClass.OBSTACLE
    assert set(truth.semantic[truth.instance == label.actor_id]) == {SemanticClass.STRUCTURE}
    box, cuboid = np.array(label.box), projected_box(state, state.obstacles)
    assert np.all(box[:2] >= cuboid[:2] - 1.5) and np.all(box[2:] <= cuboid[2:] + 1.5)
    # round forms do not reach the cuboid's corners, but they touch the ground
    assert np.all((box[2:] - box[:2]) >= 0.6 * (cuboid[2:] - cuboid[:2]) - 1.5)
    assert box[3] == pytest.approx(cuboid[3], abs=0.15 * (cuboid[3] - cuboid[1]) + 1.5)


def test_the_seed_decides_size_form_and_picture(camera: Camera) -> None:
    text = "obstacles: [{kind: solid, at: 20}]"

    def drawn(seed: int) -> tuple[tuple[float, ...], bytes]:
        placed = world(text, seed)
        camera.load(placed.road, placed.conditions, placed.limits)
        lying = placed.state().obstacles
        values = tuple(float(v[0]) for v in (lying.length, lying.width, lying.height, lying.yaw, lying.form))
        return values, camera.render(placed.state()).tobytes()

    first, again, other = drawn(3), drawn(3), drawn(4)
    assert first == again
    assert all(one != two for one, two in zip(first[0], other[0], strict=True))
    assert first[1] != other[1]


def test_sizes_are_drawn_from_the_range_with_any_side_the_longest() -> None:
    text = ", ".join(f"{{kind: solid, at: {20 + 8 * k}, size: {{min: 0.4, max: 3}}}}" for k in range(40))
    drawn = solids(f"obstacles: [{text}]")
    sizes = np.stack([drawn.length, drawn.width, drawn.height], axis=1)
    assert set(sizes.argmax(axis=1)) == {0, 1, 2}
    longest = sizes.max(axis=1)
    assert 0.4 <= longest.min() < 0.7 and 2.6 < longest.max() <= 3.0
    assert np.all(sizes >= np.maximum(0.15 * longest, 0.1)[:, None] - 1e-9)
    assert len(set(drawn.form.tolist())) == 40


def test_a_solid_lies_where_the_file_says() -> None:
    """The centre of the shoulder is 1.75 m + 3.5 m + 1.5 m to the right of the middle lane's."""
    state = world(
        "obstacles: [{kind: solid, at: 50, offset: 0.5, yaw_deg: 30},"
        " {kind: solid, at: 80, place: right_shoulder, offset: 0.5, size: 1}]"
    ).state()
    lying = state.obstacles
    places = [state.road.to_road(float(x), float(y)) for x, y in zip(lying.x, lying.y, strict=True)]
    assert [place[0] - state.route_start for place in places] == pytest.approx([50.0, 80.0], abs=1e-6)
    assert [place[1] - state.ego.lateral for place in places] == pytest.approx([0.5, -6.25], abs=1e-6)
    assert np.degrees(lying.yaw[0] - places[0][2]) == pytest.approx(30.0, abs=1e-6)


def test_hitting_a_solid_is_reported_with_its_class() -> None:
    hit = world("obstacles: [{kind: solid, at: 40, size: 1}]")
    hold_middle_lane(hit, 3.0, 20.0)
    (contact,) = hit.contacts
    assert contact.label is ObjectClass.OBSTACLE and contact.kind is ContactKind.OBJECT


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("size: 3.5", "obstacles.0.size: must lie within 0.2 … 3"),
        ("size: 0.1", "obstacles.0.size: must lie within 0.2 … 3"),
        ("offset: -9", "obstacles.0.offset: must lie within"),
        ("place: left_shoulder", "obstacles.0.offset"),  # up to 3 m long on a shoulder of 0.75 m
        ("place: right_shoulder, lane: ego", "obstacles.0.lane: goes with place: lane"),
    ],
)
def test_what_does_not_fit_is_refused(keys: str, message: str, tmp_path: Path) -> None:
    file = write_scenario(tmp_path, f"obstacles:\n  - {{kind: solid, at: 100, {keys}}}\n")
    assert message in refusal(file)


def test_the_detector_is_trained_on_the_scene() -> None:
    path = CONFIGS / "training" / "detector.yaml"
    assert str(SCENE) in load_model(path, DetectorTraining).scene_paths(path)


@pytest.mark.parametrize("seed", [0, 60_000, 60_001])
def test_the_scene_has_many_different_solids_and_nothing_held_out(seed: int) -> None:
    driven = World(load_scenario(SCENE), seed)
    lying = driven.state().obstacles
    assert set(lying.kind) == {ObstacleKind.SOLID}
    assert len(set(lying.form.tolist())) == len(lying.id) >= 15
    for _ in range(3):
        state = driven.state()
        labels = np.concatenate([state.vehicles.label, state.pedestrians.label, state.obstacles.label])
        assert set(labels.tolist()) <= set(TAUGHT_CLASSES)
        assert held_out_content(state) == ()
        hold_middle_lane(driven, 2.0, 15.0)

"""Fallen cargo: its place, its labels in the image, and what happens when the ego meets it."""

import numpy as np
import pytest
from scenario_worlds import (
    DT,
    EGO_FRONT,
    projected_box,
    refusal,
    states,
    world,
    write_scenario,
)

from drive_stack.types import ContactKind, Control, FrameLabels, ObjectClass, SemanticClass, Side
from envs.camera.camera import Camera
from envs.lane_hold import hold_lane
from envs.world import World

CARGO = ("box", "tyre", "ladder", "mattress")


def labels(camera: Camera, world: World) -> FrameLabels:
    camera.load(world.road, world.conditions, world.limits)
    return camera.labels(world.state())


@pytest.mark.parametrize("what", CARGO)
@pytest.mark.parametrize("distance", [10.0, 25.0])
def test_the_mask_of_cargo_fills_its_projected_cuboid(what: str, distance: float, camera: Camera) -> None:
    turned = world(f"obstacles: [{{kind: cargo, at: {distance + EGO_FRONT}, what: {what}, yaw_deg: 90}}]")
    truth = labels(camera, turned)
    (label,) = truth.boxes
    assert label.label is ObjectClass.CARGO
    np.testing.assert_allclose(label.box, projected_box(turned.state(), turned.state().obstacles), atol=1.5)
    mask = truth.instance == label.actor_id
    assert set(truth.semantic[mask]) == {SemanticClass.CARGO}


def test_cargo_lies_where_the_file_says() -> None:
    state = world("obstacles: [{kind: cargo, at: 80, what: ladder, offset: 0.5, yaw_deg: 30}]").state()
    lying = state.obstacles
    station, lateral, yaw = state.road.to_road(float(lying.x[0]), float(lying.y[0]))
    assert station - state.route_start == pytest.approx(80.0, abs=1e-6)
    assert lateral - state.ego.lateral == pytest.approx(0.5, abs=1e-6)
    assert np.degrees(lying.yaw[0] - yaw) == pytest.approx(30.0, abs=1e-6)


def drive(world: World, lateral: float, seconds: float) -> World:
    """Drive straight at 20 m/s, ``lateral`` [m] left of the lane's centre."""
    for _ in range(round(seconds / DT)):
        control = hold_lane(world.ego, world.road, 1, 20.0, world.car)
        shift = 0.01 * (lateral - world.ego.lateral)
        world.step(Control(control.steering + shift if lateral else control.steering, control.acceleration))
    return world


def test_hitting_cargo_is_reported_with_its_class_and_speeds() -> None:
    hit = drive(world("obstacles: [{kind: cargo, at: 60, what: box}]"), 0.0, 4.0)
    (contact,) = hit.contacts
    assert contact.label is ObjectClass.CARGO and contact.kind is ContactKind.OBJECT
    assert contact.side is Side.FRONT and contact.actor_speed == 0.0
    assert contact.impact_speed == pytest.approx(20.0, abs=0.05)
    assert hit.outcome == "collision"


def test_a_turned_ladder_is_hit_at_its_true_size() -> None:
    """The ego's side is 0.9 m from the lane's centre: a ladder 3 m long reaches it only across the lane."""
    along = "obstacles: [{kind: cargo, at: 60, what: ladder, offset: 1.5, yaw_deg: 0}]"
    across = "obstacles: [{kind: cargo, at: 60, what: ladder, offset: 1.5, yaw_deg: 90}]"
    assert drive(world(along), 0.0, 4.0).contacts == ()
    assert [contact.label for contact in drive(world(across), 0.0, 4.0).contacts] == [ObjectClass.CARGO]


def test_traffic_stops_before_cargo_that_blocks_all_lanes() -> None:
    """The ladders are 0.42 m wide; across the road they leave 0.5 m between one another."""
    ladders = ", ".join(
        f"{{kind: cargo, at: 150, what: ladder, lane: {lane}, yaw_deg: 90}}"
        for lane in ("leftmost", "ego", "rightmost")
    )
    lead = world(f"actors: [{{kind: lead, gap: 20, speed_kmh: 60}}]\nobstacles: [{ladders}]")
    for state in states(lead, 20.0, 0.0):
        front = state.vehicles.station[0] + state.vehicles.length[0] / 2.0 - state.route_start
        assert front < 150.0 - 0.21
    assert state.vehicles.speed[0] < 0.1


def test_traffic_keeps_clear_of_a_ladder_that_reaches_into_its_lane() -> None:
    """Its end is 0.25 m from the centre of the left lane, where a car 1.8 m wide would hit it."""
    reached = world(
        "actors: [{kind: lead, lane: left_of_ego, gap: 20, speed_kmh: 60}]\n"
        "obstacles: [{kind: cargo, at: 150, what: ladder, offset: 1.75, yaw_deg: 90}]"
    )
    for state in states(reached, 15.0, 0.0):
        vehicles, station = state.vehicles, state.route_start + 150.0
        if abs(vehicles.station[0] - station) < vehicles.length[0] / 2.0 + 0.21:
            apart = abs(vehicles.lateral[0] - state.ego.lateral - 1.75)
            assert apart > 1.5 + vehicles.width[0] / 2.0


def test_worlds_without_cargo_are_unchanged() -> None:
    """The other draws do not depend on a piece of cargo in a lane that nobody uses."""
    with_cargo = world("traffic: {density: 0}\nobstacles: [{kind: cargo, at: 900, what: box}]").state()
    without = world("traffic: {density: 0}").state()
    assert (with_cargo.ego, with_cargo.route_end) == (without.ego, without.route_end)


def test_cargo_off_the_pavement_is_refused(tmp_path) -> None:
    file = write_scenario(tmp_path, "obstacles:\n  - {kind: cargo, at: 100, what: box, offset: -9}\n")
    assert "obstacles.0.offset: must lie within" in refusal(file)

"""Animals, cyclists and wheelchair users: motion, labels in the image, contacts, and traffic's reaction."""

import numpy as np
import pytest
from scenario_worlds import (
    DT,
    EGO_FRONT,
    EGO_SPEED,
    hold_middle_lane,
    pedestrian_positions,
    projected_box,
    states,
    world,
)

from drive_stack.types import ContactKind, ObjectClass
from drive_stack.world_state import WalkerKind
from envs.camera.actors.animals import AnimalModel
from envs.camera.camera import Camera

STANDING = {
    "deer": "animals: [{kind: standing, species: deer, at: %s}]",
    "boar": "animals: [{kind: standing, species: boar, at: %s}]",
    "dog": "animals: [{kind: standing, species: dog, at: %s}]",
    "cyclist": "people: [{kind: cyclist, at: %s, place: lane, offset: 0}]",
    "wheelchair": "people: [{kind: walker, at: %s, wheelchair: true}]",
}
CLASSES = {"cyclist": ObjectClass.CYCLIST, "wheelchair": ObjectClass.WHEELCHAIR_USER}


@pytest.mark.parametrize("what", STANDING)
@pytest.mark.parametrize("distance", [12.0, 30.0])
def test_a_mask_fills_the_projected_cuboid(what: str, distance: float, camera: Camera) -> None:
    placed = world(STANDING[what] % (distance + EGO_FRONT))
    camera.load(placed.road, placed.conditions, placed.limits)
    state = placed.state()
    (label,) = camera.labels(state).boxes
    assert label.label is CLASSES.get(what, ObjectClass.ANIMAL)
    expected = projected_box(state, state.pedestrians)
    tolerance = 1.5 + 0.1 * (expected[3] - expected[1])  # heads and feet do not reach the cuboid's corners
    np.testing.assert_allclose(label.box, expected, atol=tolerance)


@pytest.mark.parametrize("what", STANDING)
def test_a_contact_names_the_class_and_the_speeds(what: str) -> None:
    hit = world(STANDING[what] % 40)
    hold_middle_lane(hit, 4.0, EGO_SPEED)
    (contact,) = hit.contacts
    expected = CLASSES.get(what, ObjectClass.ANIMAL)
    assert contact.label is expected
    assert contact.kind is (ContactKind.OBJECT if expected is ObjectClass.ANIMAL else ContactKind.PEDESTRIAN)
    assert contact.impact_speed == pytest.approx(EGO_SPEED - contact.actor_speed, abs=0.1)


def test_a_deer_is_hit_by_its_head_and_not_as_a_disc() -> None:
    """It stands across the lane, 1.7 m long: an ego 1.8 m wide hits it up to 1.75 m to the side."""
    near, far = (
        world(f"animals: [{{kind: standing, species: deer, at: 40, offset: {offset}}}]")
        for offset in (1.6, 1.75)
    )
    for deer in (near, far):
        hold_middle_lane(deer, 3.0, EGO_SPEED)
    half_widths = near.car.width / 2.0 + 0.85
    assert half_widths > 1.6 and len(near.contacts) == 1
    assert len(far.contacts) == (1 if half_widths > 1.75 else 0)


@pytest.mark.parametrize(("species", "kmh"), [("boar", 6.0), ("deer", 30.0), ("dog", 15.0)])
def test_a_crossing_animal_meets_an_ego_that_keeps_its_speed(species: str, kmh: float) -> None:
    crossing = world(f"animals: [{{kind: crossing, species: {species}, at: 100, speed_kmh: {kmh}}}]")
    speeds = []
    for _ in range(round(6.0 / DT)):
        hold_middle_lane(crossing, DT, EGO_SPEED)
        speeds.append(float(crossing.state().pedestrians.speed[0]))
    assert max(speeds) == pytest.approx(kmh / 3.6)
    assert [contact.label for contact in crossing.contacts] == [ObjectClass.ANIMAL]


def test_several_animals_cross_one_behind_the_other() -> None:
    state = world("animals: [{kind: crossing, species: boar, at: 100, count: 3}]").state()
    stations, _ = pedestrian_positions(state)
    np.testing.assert_allclose(np.diff(stations), 2.0, atol=1e-6)


def test_a_cyclist_rides_along_the_shoulder_at_constant_speed() -> None:
    riding = world("people: [{kind: cyclist, at: 30, offset: 0.6, speed_kmh: 18}]")
    first, last = [pedestrian_positions(state) for state in states(riding, 10.0)][:: round(10.0 / DT)]
    assert last[0][0] - first[0][0] == pytest.approx(50.0, abs=0.3)
    edge = riding.road.lanes[2].offset - 1.75
    assert first[1][0] == pytest.approx(edge - 0.6) and last[1][0] == pytest.approx(edge - 0.6)


def test_people_from_both_sides_meet_the_ego_together() -> None:
    """Both set off for the same point of impact, so they reach the ego's lane at the same time."""
    both = world("people: [{kind: crosser, at: 160, both_sides: true}]")
    offsets = [pedestrian_positions(state)[1] - both.ego.lateral for state in states(both, 8.0)]
    assert np.sign(offsets[0]).tolist() == [-1.0, 1.0]
    lane_entry = [next(k for k, o in enumerate(offsets) if abs(o[side]) < 1.75) for side in (0, 1)]
    assert abs(lane_entry[0] - lane_entry[1]) * DT < 0.6


@pytest.mark.parametrize("what", STANDING)
def test_traffic_brakes_for_it(what: str) -> None:
    """A car behind it either stops or passes it at the side, without contact."""
    lead = world("actors: [{kind: lead, gap: 20, speed_kmh: 70}]\n" + STANDING[what] % 140)
    for state in states(lead, 14.0, 0.0):
        vehicles, body = state.vehicles, state.pedestrians
        stations, laterals = pedestrian_positions(state)
        along = abs(vehicles.station[0] - state.route_start - stations[0])
        across = abs(vehicles.lateral[0] - laterals[0])
        beside = across > vehicles.width[0] / 2.0 + body.width[0] / 2.0
        assert beside or along > vehicles.length[0] / 2.0 + body.width[0] / 2.0


def test_legs_move_with_the_gait_and_stand_on_the_ground() -> None:
    deer = AnimalModel(WalkerKind.DEER, 1.7, 0.45, 1.25)
    low, high = deer.node.get_tight_bounds()
    assert abs(low[2]) < 0.05 and high[2] == pytest.approx(1.25, abs=0.05)
    assert high[0] - low[0] == pytest.approx(1.7, abs=0.1)
    standing = deer.node.get_tight_bounds()
    deer.set_gait(1.0, 8.0)
    assert deer.node.get_tight_bounds() != standing

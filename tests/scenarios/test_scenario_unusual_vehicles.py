"""Motorcycles, police cars, crashed and unlit cars: places, labels, contacts, lamps, and traffic."""

from pathlib import Path

import numpy as np
import pytest
from scenario_worlds import (
    DT,
    EGO_FRONT,
    EGO_SPEED,
    hold_middle_lane,
    projected_box,
    rear,
    refusal,
    states,
    world,
    write_scenario,
)

from drive_stack.types import ContactKind, ObjectClass, SemanticClass
from envs.bodies import BODIES, MOTORCYCLE
from envs.camera.camera import Camera
from envs.lane_hold import hold_lane
from envs.termination.waiting import is_waiting_in_traffic
from envs.world import World

STANDING = {
    "police": ("body: police_car", ObjectClass.EMERGENCY_VEHICLE),
    "roof": ("body: overturned_car, yaw_deg: 30", ObjectClass.OVERTURNED_CAR),
    "across": ("body: sedan, yaw_deg: 90", ObjectClass.CAR),
    "unlit": ("body: hatchback, unlit: true", ObjectClass.CAR),
    "motorcycle": ("body: motorcycle", ObjectClass.MOTORCYCLE),
}


def standing(what: str, at: float, more: str = "") -> World:
    return world(f"actors: [{{kind: stopped, at: {at}, {STANDING[what][0]}}}{more}]")


@pytest.mark.parametrize("what", STANDING)
@pytest.mark.parametrize("distance", [12.0, 30.0])
def test_a_mask_fills_the_projected_cuboid(what: str, distance: float, camera: Camera) -> None:
    placed = standing(what, distance + EGO_FRONT)
    camera.load(placed.road, placed.conditions, placed.limits)
    state = placed.state()
    truth = camera.labels(state)
    (label,) = truth.boxes
    assert label.label is STANDING[what][1]
    assert set(truth.semantic[truth.instance == label.actor_id]) == {SemanticClass[label.label.name]}
    expected = projected_box(state, state.vehicles)
    # rounded bodies do not reach the corners of the cuboid, mirrors stand out
    tolerance = 1.5 + 0.1 * (expected[2:] - expected[:2]).max()
    np.testing.assert_allclose(label.box, expected, atol=tolerance)


@pytest.mark.parametrize("what", STANDING)
def test_a_contact_names_the_class_and_the_speeds(what: str) -> None:
    hit = standing(what, 40.0)
    hold_middle_lane(hit, 3.0, EGO_SPEED)
    (contact,) = hit.contacts
    assert (contact.label, contact.kind) == (STANDING[what][1], ContactKind.VEHICLE)
    assert contact.impact_speed == pytest.approx(EGO_SPEED, abs=0.1) and contact.actor_speed == 0.0


def test_a_car_across_the_lanes_does_not_reach_the_middle_of_the_next_one() -> None:
    """A sedan is 4.5 m to 5 m long, so it reaches up to 0.75 m into the lanes next to the ego's."""
    across = standing("across", 60.0)
    cars = across.state().vehicles
    assert cars.yaw[0] == pytest.approx(np.pi / 2.0) and cars.speed[0] == 0.0
    assert cars.station[0] - cars.width[0] / 2.0 - across.state().route_start == pytest.approx(60.0)
    for _ in range(round(4.0 / DT)):
        across.step(hold_lane(across.ego, across.road, 0, EGO_SPEED, across.car))
    assert across.contacts == ()  # the middle of the left lane is 3.5 m away, more than 2.5 m + 0.9 m


@pytest.mark.parametrize("what", STANDING)
def test_traffic_stops_before_it_or_goes_round_it(what: str) -> None:
    lead = standing(what, 140.0, ", {kind: lead, gap: 20, speed_kmh: 70}")
    for _ in range(round(14.0 / DT)):
        lead.step(hold_lane(lead.ego, lead.road, 1, 0.0, lead.car))
    assert lead.traffic_contacts == 0
    assert lead.contacts == ()


def test_no_lamp_of_an_unlit_car_works() -> None:
    state = standing("unlit", 40.0).state()
    assert bool(state.vehicles.unlit[0]) and bool(state.vehicles.parked[0])
    assert (int(state.vehicles.indicator[0]), bool(state.vehicles.brake_lamp[0])) == (0, False)


def test_an_unlit_car_is_darker_at_night_than_one_with_hazard_lights(camera: Camera) -> None:
    def brightest(text: str) -> int:
        night = world(f"conditions: {{weather: {{clear: 1}}, light: {{night: 1}}}}\n{text}")
        camera.load(night.road, night.conditions, night.limits)
        state = night.state()
        image, truth = camera.render(state), camera.labels(state)
        red = image[truth.instance == truth.boxes[0].actor_id].astype(int)
        return int((red[:, 0] - red[:, 2]).max())  # lamps are red or orange

    dark = brightest(f"actors: [{{kind: stopped, at: {30 + EGO_FRONT}, body: hatchback, unlit: true}}]")
    lit = brightest(f"actors: [{{kind: stopped, at: {30 + EGO_FRONT}, body: hatchback}}]")
    assert lit > dark + 40


def test_the_blue_lights_of_a_police_car_flash(camera: Camera) -> None:
    police = standing("police", 12.0 + EGO_FRONT)
    camera.load(police.road, police.conditions, police.limits)
    blue = []
    for _ in range(8):
        image = camera.render(police.state()).astype(int)
        blue.append(int(((image[..., 2] > 200) & (image[..., 2] > image[..., 0] + 60)).sum()))
        hold_middle_lane(police, DT, 0.0)
    assert max(blue[:4]) - max(blue[4:]) > 30  # on for 0.2 s, off for 0.2 s


def test_waiting_behind_an_unlit_parked_car_counts_as_standing_still() -> None:
    parked = standing("unlit", EGO_FRONT + 5.0)
    state = parked.state()
    pedestrians = parked._episode.pedestrians
    assert not is_waiting_in_traffic(state.ego, state.vehicles, pedestrians, parked.car)


def test_motorcycles_ride_in_ordinary_traffic_only_if_asked_for() -> None:
    text = "traffic: {density: 20, motorcycle_share: %s}"
    counts = []
    for share in ("0", "0.3"):
        bodies = [world(text % share, seed).state().vehicles.body for seed in range(6)]
        counts.append(np.mean(np.concatenate(bodies) == MOTORCYCLE))
    plain = [world("traffic: {density: 20}", seed).state().vehicles.body for seed in range(6)]
    assert np.isin(np.concatenate(plain), [MOTORCYCLE]).sum() == 0
    assert counts[0] == 0.0 and 0.2 < counts[1] < 0.4


def test_a_lead_on_a_motorcycle_keeps_its_lane_and_speed() -> None:
    lead = world("actors: [{kind: lead, gap: 30, speed_kmh: 60, body: motorcycle}]")
    *_, last = states(lead, 6.0)
    assert rear(last) == pytest.approx(EGO_FRONT + 30.0 + 100.0, abs=0.5)
    assert last.vehicles.label[0] == ObjectClass.MOTORCYCLE


def test_bodies_without_weight_are_drawn_only_by_name() -> None:
    special = [index for index, body in enumerate(BODIES) if body.weight == 0.0]
    bodies = [
        world("actors: [{kind: queue, at: 200, per_lane: 6}]\ntraffic: {density: 10}", 200_000 + seed)
        .state().vehicles.body
        for seed in range(5)
    ]  # fmt: skip
    assert not np.isin(np.concatenate(bodies), special).any()


def test_a_car_across_the_road_must_fit_between_the_rails(tmp_path: Path) -> None:
    text = "actors:\n  - {kind: stopped, at: 100, yaw_deg: 90, offset: 9}\n"
    assert "actors.0.offset: must lie within" in refusal(write_scenario(tmp_path, text))

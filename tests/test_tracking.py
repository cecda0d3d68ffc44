"""Trackers against worlds in which the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import to_local
from drive_stack.interfaces import Tracker
from drive_stack.perception.lifting import USUAL_SIZES, BoxErrors, GroundLifter
from drive_stack.tracking.alpha_beta_tracker import AlphaBetaTracker
from drive_stack.tracking.association import box_iou
from drive_stack.tracking.classes import CLASS_MODELS
from drive_stack.tracking.ego_motion import ego_step
from drive_stack.tracking.kalman import KalmanState
from drive_stack.tracking.kalman_tracker import KalmanTracker
from drive_stack.types import (
    Detection,
    FloatArray,
    LiftedObject,
    ObjectClass,
    RangeCue,
    Sightline,
    Track,
)

DT = 0.1
CAR, PERSON = ObjectClass.CAR, ObjectClass.PEDESTRIAN
TRACKERS: tuple[Callable[[float], Tracker], ...] = (KalmanTracker, AlphaBetaTracker)


def seen(
    position: FloatArray, label: ObjectClass, rng: np.random.Generator | None = None, confidence: float = 0.8
) -> LiftedObject:
    """An object at an ego-frame position, with the lifter's usual noise where ``rng`` is given."""
    distance = float(np.hypot(*position))
    deviation = np.array([0.03 * distance, 0.05 + 0.0015 * distance])
    noise = rng.normal(size=2) * deviation if rng is not None else np.zeros(2)
    u, v, depth = CameraModel().project(np.array([[position[0], position[1], 0.0]]))[0]
    high, wide = 554.0 * 1.6 / depth, 554.0 * (1.8 if label is CAR else 0.5) / depth
    box = (float(u - wide / 2), float(v - high), float(u + wide / 2), float(v))
    covariance = np.diag(deviation**2)
    detection = Detection(box, label, confidence)
    return LiftedObject(position + noise, covariance, label, confidence, 1.8, detection)


def drive(
    tracker: Tracker,
    start: tuple[float, float],
    velocity: tuple[float, float],
    label: ObjectClass,
    steps: int,
    *,
    speed: float = 0.0,
    yaw_rate: float = 0.0,
    noise: int | None = None,
    hidden: range = range(0),
) -> list[tuple[Track, ...]]:
    """Tracks at each step of an ego at constant speed and yaw rate past one object (world = first frame)."""
    rng = np.random.default_rng(noise) if noise is not None else None
    at, yaw, found = np.zeros(2), 0.0, []
    for step in range(steps):
        truth = np.array(start) + step * DT * np.array(velocity)
        objects = () if step in hidden else (seen(to_local(truth, at, yaw), label, rng),)
        found.append(tracker.update(objects, speed, yaw_rate))
        arc = ego_step(speed, yaw_rate, DT)
        at = at + np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]) @ arc.shift
        yaw += arc.turn
    return found


def test_an_arc_ends_where_the_circle_is() -> None:
    step = ego_step(20.0, 0.5, 1.0)
    assert step.shift == pytest.approx([40.0 * np.sin(0.5), 40.0 * (1 - np.cos(0.5))])
    assert step.points(step.shift) == pytest.approx([0.0, 0.0], abs=1e-12)


@pytest.mark.parametrize("make", TRACKERS)
@pytest.mark.parametrize("yaw_rate", [0.0, 0.1])
def test_what_stands_still_has_no_velocity(make: Callable[[float], Tracker], yaw_rate: float) -> None:
    found = drive(make(DT), (80.0, 4.0), (0.0, 0.0), CAR, 30, speed=20.0, yaw_rate=yaw_rate)
    assert len(found[-1]) == 1
    limit = 0.3 if make is KalmanTracker else 1.5
    assert np.hypot(*found[-1][0].velocity) < limit


def test_a_crossing_person_gets_its_velocity_within_six_images() -> None:
    errors = []
    for noise in range(40):
        found = drive(KalmanTracker(DT), (30.0, -4.0), (0.0, 1.4), PERSON, 7, speed=15.0, noise=noise)
        assert len(found[-1]) == 1
        errors.append(found[-1][0].velocity[1] - 1.4)
    assert abs(float(np.mean(errors))) < 0.15
    assert float(np.quantile(np.abs(errors), 0.68)) < 0.3


def test_a_leader_gets_its_speed() -> None:
    errors = []
    for noise in range(20):
        found = drive(KalmanTracker(DT), (40.0, 0.0), (22.0, 0.0), CAR, 25, speed=25.0, noise=noise)
        errors.append(found[-1][0].velocity[0] - 22.0)
    assert float(np.sqrt(np.mean(np.square(errors)))) < 1.2


def test_an_id_lasts_through_a_second_out_of_sight() -> None:
    hidden = range(15, 25)
    found = drive(KalmanTracker(DT), (40.0, 3.0), (20.0, 0.0), CAR, 35, speed=20.0, noise=3, hidden=hidden)
    assert {track.id for tracks in found[5:] for track in tracks} == {1}
    assert all(len(tracks) == 1 for tracks in found[5:])
    assert found[24][0].missed == 10
    assert found[24][0].confidence < found[14][0].confidence


@pytest.mark.parametrize("make", TRACKERS)
def test_a_track_ends_when_nothing_is_seen_any_more(make: Callable[[float], Tracker]) -> None:
    found = drive(make(DT), (40.0, 0.0), (0.0, 0.0), CAR, 60, hidden=range(20, 60))
    assert len(found[19]) == 1
    assert found[-1] == ()


def test_what_was_seen_for_a_moment_is_not_carried_on_for_longer() -> None:
    """Three boxes of nothing: gone soon after, not a second and a half later."""
    found = drive(KalmanTracker(DT), (20.0, 0.0), (0.0, 0.0), CAR, 12, hidden=range(3, 12))
    assert len(found[2]) == 1
    assert [len(tracks) for tracks in found[3:]] == [1, 1, 1] + [0] * 6


def test_one_false_alarm_makes_no_track() -> None:
    tracker = KalmanTracker(DT)
    alarm = (seen(np.array([20.0, 1.0]), CAR),)
    found = [tracker.update(alarm if k == 3 else (), 20.0, 0.0) for k in range(8)]
    assert not any(found)


@pytest.mark.parametrize("make", TRACKERS)
def test_two_trackers_share_nothing_and_reset_forgets(make: Callable[[float], Tracker]) -> None:
    first, second = make(DT), make(DT)
    one = drive(first, (30.0, 0.0), (0.0, 0.0), CAR, 6, noise=1)
    two = drive(second, (30.0, 0.0), (0.0, 0.0), CAR, 6, noise=1)
    first.reset()
    again = drive(first, (30.0, 0.0), (0.0, 0.0), CAR, 6, noise=1)
    for a, b, c in zip(one, two, again, strict=True):
        assert [track.id for track in a] == [track.id for track in b] == [track.id for track in c]
        assert all(np.array_equal(x.position, y.position) for x, y in zip(a, c, strict=True))
    assert one[-1][0].id == 1


def test_a_vehicle_reaches_ahead_of_the_face_that_is_seen() -> None:
    found = drive(KalmanTracker(DT), (30.0, 2.0), (0.0, 0.0), CAR, 10)
    track = found[-1][0]
    assert track.position == pytest.approx([30.0 + track.length / 2.0, 2.0], abs=0.1)


def test_two_that_pass_keep_their_ids() -> None:
    tracker, rng = KalmanTracker(DT), np.random.default_rng(5)
    owner: dict[int, set[int]] = {0: set(), 1: set()}
    for step in range(50):
        places = [np.array([25.0 + 0.6 * step, 3.6]), np.array([40.0, 0.0])]
        order = rng.permutation(2)
        tracks = tracker.update(tuple(seen(places[k], CAR, rng) for k in order), 20.0, 0.0)
        for track in tracks:
            rear = track.position - np.array([track.length / 2.0, 0.0])
            nearest = int(np.argmin([abs(rear[1] - place[1]) for place in places]))
            owner[nearest].add(track.id)
    assert [len(ids) for ids in owner.values()] == [1, 1]
    assert owner[0] != owner[1]


def test_a_person_is_never_taken_for_a_car() -> None:
    tracker = KalmanTracker(DT)
    for _ in range(5):
        tracker.update((seen(np.array([20.0, 0.0]), CAR),), 0.0, 0.0)
    tracks = [tracker.update((seen(np.array([20.0, 0.0]), PERSON),), 0.0, 0.0) for _ in range(4)][-1]
    assert {track.label for track in tracks} == {CAR, PERSON}


def test_box_overlap() -> None:
    assert box_iou((0, 0, 2, 2), (0, 0, 2, 2)) == 1.0
    assert box_iou((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert box_iou((0, 0, 1, 1), (2, 0, 3, 1)) == 0.0


@settings(max_examples=60, deadline=None)
@given(
    x=st.floats(3.0, 150.0),
    y=st.floats(-30.0, 30.0),
    along=st.floats(0.05, 20.0),
    across=st.floats(0.02, 5.0),
    speed=st.floats(0.0, 45.0),
    yaw_rate=st.floats(-1.0, 1.0),
    label=st.sampled_from(list(ObjectClass)),
    seed=st.integers(0, 2**16),
)
def test_covariances_stay_positive_definite(
    x: float,
    y: float,
    along: float,
    across: float,
    speed: float,
    yaw_rate: float,
    label: ObjectClass,
    seed: int,
) -> None:
    rng, model = np.random.default_rng(seed), CLASS_MODELS[label]
    spread = np.diag([along**2, across**2])

    def sighting(position: FloatArray, with_cues: bool) -> LiftedObject:
        detection = Detection((0.0, 0.0, 1.0, 1.0), label, 0.5)
        distance = max(float(np.hypot(*position)), 0.5)
        cues = (RangeCue(distance, (along / distance) ** 2), RangeCue(distance, 0.01, 1.5, 0.1))
        sightline = Sightline(np.zeros(2), across, cues) if with_cues else None
        return LiftedObject(position, spread, label, 0.5, 1.8, detection, sightline)

    state = KalmanState(sighting(np.array([x, y]), bool(seed % 2)), speed, model.starts[-1])
    for _ in range(60):
        state.predict(ego_step(speed, yaw_rate, DT), DT, model)
        if rng.random() < 0.6:
            place = state.mean[:2] + rng.normal(size=2) * [along, across]
            state.update(sighting(place, bool(rng.random() < 0.5)))
        assert np.array_equal(state.covariance, state.covariance.T)
        assert float(np.linalg.eigvalsh(state.covariance).min()) >= 0.0


def approach(
    height: float, label: ObjectClass, speed: float, *, start: float = 90.0, seed: int | None = None
) -> list[Track]:
    """Tracks of something of a true ``height`` [m] that stands ahead of an ego at ``speed`` [m/s], from
    boxes with the detector's usual errors."""
    camera, tracker, found = CameraModel(), KalmanTracker(DT), []
    lifter, rng = GroundLifter(camera), np.random.default_rng(seed)
    usual, errors = USUAL_SIZES[label], BoxErrors()
    for step in range(20):
        away = start - speed * DT * step
        low = camera.project(np.array([[away + usual.contact, 0.0, 0.0]]))[0]
        scale = camera.focal_px / (away - camera.mount_x)
        jitter = rng.normal(size=2) * errors.edge_px if seed is not None else np.zeros(2)
        wide, high = usual.width * scale, height * scale + errors.touched_px
        box = (320.0 - wide / 2, low[1] - high + jitter[0], 320.0 + wide / 2, low[1] + jitter[1])
        found += tracker.update(lifter.lift((Detection(box, label, 0.9),)), speed, 0.0)
    return found


@pytest.mark.parametrize("height", [2.3, 3.2, 4.0])
def test_the_size_of_a_large_vehicle_is_learnt(height: float) -> None:
    """A van is no small lorry far away: where the road says it stands, it is placed in the end."""
    last = approach(height, ObjectClass.LARGE_VEHICLE, 20.0)[-1]
    truth = 90.0 - 20.0 * DT * 19
    assert last.position[0] - last.length / 2.0 == pytest.approx(truth, rel=0.06)
    assert abs(last.velocity[0]) < 1.5


def test_what_stands_is_known_to_stand_within_a_second() -> None:
    """Of either class, also where its size is far from the usual one."""
    for label, height in ((CAR, 1.45), (CAR, 1.7), (ObjectClass.LARGE_VEHICLE, 2.4)):
        errors = [abs(approach(height, label, 27.0, seed=seed)[9].velocity[0]) for seed in range(15)]
        assert float(np.median(errors)) < 3.0


def test_what_drives_is_not_taken_to_stand() -> None:
    for noise in range(20):
        found = drive(KalmanTracker(DT), (60.0, 0.0), (24.0, 0.0), CAR, 15, speed=27.0, noise=noise)
        assert min(tracks[0].velocity[0] for tracks in found[8:]) > 15.0


def test_what_comes_in_from_the_side_is_thought_to_drive() -> None:
    """A car that overtakes enters the image at its side, close by and cut off."""
    lifter, speeds = GroundLifter(CameraModel()), []
    for box in ((300.0, 104.0, 340.0, 136.0), (0.0, 104.0, 40.0, 136.0)):
        tracker = KalmanTracker(DT)
        (lifted,) = lifter.lift((Detection(box, CAR, 0.9),))
        assert lifted.at_side == (box[0] == 0.0)
        tracks: tuple[Track, ...] = ()
        while not tracks:
            tracks = tracker.update((lifted,), 25.0, 0.0)
        speeds.append(tracks[0].velocity[0])
    assert speeds[0] < 20.0 < speeds[1]


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_what_the_side_of_the_image_cuts_off_is_not_drawn_into_our_way(side: float) -> None:
    """A standing car that we draw up to: of its flank ever less shows, and what shows lies further in."""
    tracker, lateral = KalmanTracker(DT), 2.8 * side
    tracks: tuple[Track, ...] = ()
    for step in range(60):
        away = max(20.0 - 0.5 * step, 5.0)
        speed = 5.0 if away > 5.0 else 0.0
        whole = seen(np.array([away, lateral]), CAR)
        shown = np.array([away, 1.6 * side])  # as it seems where the border cuts it
        cut = replace(
            seen(shown, CAR),
            sightline=Sightline(
                np.array([1.7, 0.0]), 0.4, (RangeCue(float(np.hypot(away - 1.7, 1.6)), 0.01),)
            ),
            at_side=True,
        )
        tracks = tracker.update((whole if away > 6.0 else cut,), speed, 0.0)
    (track,) = tracks
    assert track.position[1] * side > 2.3
    # but it is put out to where it is seen at least
    moved = KalmanTracker(DT)
    for _ in range(20):
        tracks = moved.update((replace(cut, position=np.array([5.0, 1.6 * side])),), 0.0, 0.0)
    assert tracks[0].position[1] == pytest.approx(1.6 * side, abs=0.1)


def test_what_stands_beside_us_out_of_view_is_remembered_until_it_is_behind() -> None:
    """We draw up to a standing car and wait beside it, where the camera does not look; then drive on."""
    tracker, place = KalmanTracker(DT), np.array([15.0, -2.8])
    for _ in range(20):
        tracker.update((replace(seen(place, CAR), at_side=True),), 5.0, 0.0)
        place = place - np.array([5.0 * DT, 0.0])
    waiting = [len(tracker.update((), 0.0, 0.0)) for _ in range(50)]
    assert waiting == [1] * 50
    leaving = [len(tracker.update((), 6.0, 0.0)) for _ in range(40)]
    assert leaving[0] == 1
    assert leaving[-1] == 0


def test_one_wrong_box_moves_a_known_object_little() -> None:
    """A box that jumps by half the distance is doubted."""
    state = KalmanState(seen(np.array([40.0, 0.0]), CAR), 0.0, CLASS_MODELS[CAR].starts[0])
    still = ego_step(0.0, 0.0, DT)
    for _ in range(20):
        state.predict(still, DT, CLASS_MODELS[CAR])
        state.update(seen(np.array([40.0, 0.0]), CAR))
    at = float(state.mean[0])
    state.predict(still, DT, CLASS_MODELS[CAR])
    state.update(seen(np.array([60.0, 0.0]), CAR))
    assert 0.0 < state.mean[0] - at < 2.0


def test_what_turns_out_to_be_of_another_class_keeps_its_id_and_is_placed_by_its_own_size() -> None:
    """One box, at first called a car's, then a large vehicle's: so it is farther off than it seemed."""
    tracker, lifter = KalmanTracker(DT), GroundLifter(CameraModel())
    box = (300.0, 106.0, 340.0, 134.0)
    found = [
        tracker.update(lifter.lift((Detection(box, label, 0.9),)), 0.0, 0.0)
        for label in (CAR,) * 8 + (ObjectClass.LARGE_VEHICLE,) * 12
    ]
    (first,), (last,) = found[7], found[-1]
    assert first.id == last.id
    assert (first.label, last.label) == (CAR, ObjectClass.LARGE_VEHICLE)
    near = [track.position[0] - track.length / 2.0 for track in (first, last)]
    (alone,) = lifter.lift((Detection(box, ObjectClass.LARGE_VEHICLE, 0.9),))
    assert near[1] > near[0] + 0.5
    assert near[1] == pytest.approx(alone.position[0], rel=0.05)


def test_a_lorry_that_seemed_to_move_aside_is_straight_again_once_it_stands() -> None:
    """Its middle lies half a length behind the face that is seen: a false heading would move it sideways."""
    tracker, tracks = KalmanTracker(DT), ()
    for step in range(50):
        lateral = min(-7.0 + 0.25 * step, -3.5)  # what shows of its flank misleads the lifter at first
        tracks = tracker.update((seen(np.array([30.0, lateral]), ObjectClass.LARGE_VEHICLE),), 0.0, 0.0)
    (track,) = tracks
    assert track.position[1] == pytest.approx(-3.5, abs=0.3)
    assert track.heading == pytest.approx(0.0, abs=0.05)


def test_a_standing_car_that_seemed_to_come_along_is_soon_supposed_to_stand_again() -> None:
    """Far off, boxes may err alike for seconds: here all beyond 110 m seems to be there."""
    tracker, tracks = KalmanTracker(DT), ()
    speed = 25.0
    for step in range(33):
        place = np.array([min(160.0 - speed * DT * step, 110.0), 0.0])
        tracks = tracker.update((seen(place, CAR),), speed, 0.0)
        if step == 20:
            assert tracks[0].velocity[0] > 20.0
    (track,) = tracks
    assert track.position[0] - track.length / 2.0 == pytest.approx(80.0, rel=0.06)
    assert abs(track.velocity[0]) < 7.0

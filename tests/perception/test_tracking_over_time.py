"""Estimates over time: the size of an object, whether it is stationary, and truncation at the image side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_measurements import CAR, DT, detected_object, drive

from drive_stack.camera_model import CameraModel
from drive_stack.perception.lifting import TYPICAL_SIZES, BoxErrors, GroundLifter
from drive_stack.tracking.classes import CLASS_MODELS
from drive_stack.tracking.ego_motion import ego_step
from drive_stack.tracking.kalman import KalmanState
from drive_stack.tracking.kalman_tracker import KalmanTracker
from drive_stack.tracking.measurement import measurement_of
from drive_stack.types import (
    Detection,
    LineOfSight,
    ObjectClass,
    RangeCue,
    Track,
)


def approach(
    height: float, label: ObjectClass, speed: float, *, start: float = 90.0, seed: int | None = None
) -> list[Track]:
    """Tracks of a standing object of true ``height`` [m] ahead of an ego at ``speed`` [m/s].

    Its boxes have the detector's typical errors if there is a ``seed``.
    """
    camera, tracker, tracks = CameraModel(), KalmanTracker(DT), []
    lifter, rng = GroundLifter(camera), np.random.default_rng(seed)
    typical, errors = TYPICAL_SIZES[label], BoxErrors()
    for step in range(20):
        distance = start - speed * DT * step
        low = camera.project(np.array([[distance + typical.contact_offset, 0.0, 0.0]]))[0]
        scale = camera.focal_px / (distance - camera.mount_x)
        jitter = rng.normal(size=2) * errors.edge_px if seed is not None else np.zeros(2)
        wide, high = typical.width * scale, height * scale + errors.enlargement_px
        box = (320.0 - wide / 2, low[1] - high + jitter[0], 320.0 + wide / 2, low[1] + jitter[1])
        tracks += tracker.update(lifter.lift((Detection(box, label, 0.9),)), speed, 0.0)
    return tracks


@pytest.mark.parametrize("height", [2.3, 3.2, 4.0])
def test_the_size_of_a_large_vehicle_is_estimated(height: float) -> None:
    """A van is not placed as a distant small lorry: its contact with the road decides in the end."""
    last = approach(height, ObjectClass.LARGE_VEHICLE, 20.0)[-1]
    truth = 90.0 - 20.0 * DT * 19
    assert last.position[0] - last.length / 2.0 == pytest.approx(truth, rel=0.06)
    assert abs(last.velocity[0]) < 1.5


def test_a_stationary_object_is_recognised_within_a_second() -> None:
    """This holds for both classes, even if the size is far from the typical one."""
    for label, height in ((CAR, 1.45), (CAR, 1.7), (ObjectClass.LARGE_VEHICLE, 2.4)):
        errors = [abs(approach(height, label, 27.0, seed=seed)[9].velocity[0]) for seed in range(15)]
        assert float(np.median(errors)) < 3.0


def test_a_moving_object_is_not_taken_for_stationary() -> None:
    for noise in range(20):
        tracks_by_step = drive(KalmanTracker(DT), (60.0, 0.0), (24.0, 0.0), CAR, 15, speed=27.0, noise=noise)
        assert min(tracks[0].velocity[0] for tracks in tracks_by_step[8:]) > 15.0


def test_an_object_that_enters_at_the_side_is_assumed_to_move() -> None:
    """A car that overtakes enters the image at its side, close by and cut off."""
    lifter, speeds = GroundLifter(CameraModel()), []
    for box in ((300.0, 104.0, 340.0, 136.0), (0.0, 104.0, 40.0, 136.0)):
        tracker = KalmanTracker(DT)
        (lifted,) = lifter.lift((Detection(box, CAR, 0.9),))
        assert lifted.truncated_at_side == (box[0] == 0.0)
        tracks: tuple[Track, ...] = ()
        while not tracks:
            tracks = tracker.update((lifted,), 25.0, 0.0)
        speeds.append(tracks[0].velocity[0])
    assert speeds[0] < 20.0 < speeds[1]


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_an_object_cut_off_at_the_side_does_not_move_into_the_path(side: float) -> None:
    """The ego approaches a standing car: the visible part of its flank shrinks and moves towards the path."""
    tracker, lateral = KalmanTracker(DT), 2.8 * side
    tracks: tuple[Track, ...] = ()
    for step in range(60):
        distance = max(20.0 - 0.5 * step, 5.0)
        speed = 5.0 if distance > 5.0 else 0.0
        whole = detected_object(np.array([distance, lateral]), CAR)
        visible_position = np.array(
            [distance, 1.6 * side]
        )  # apparent position where the image border cuts it
        truncated = replace(
            detected_object(visible_position, CAR),
            line_of_sight=LineOfSight(
                np.array([1.7, 0.0]), 0.4, (RangeCue(float(np.hypot(distance - 1.7, 1.6)), 0.01),)
            ),
            truncated_at_side=True,
        )
        tracks = tracker.update((whole if distance > 6.0 else truncated,), speed, 0.0)
    (track,) = tracks
    assert track.position[1] * side > 2.3
    # but it is moved outwards at least to its apparent position
    moved = KalmanTracker(DT)
    for _ in range(20):
        tracks = moved.update((replace(truncated, position=np.array([5.0, 1.6 * side])),), 0.0, 0.0)
    assert tracks[0].position[1] == pytest.approx(1.6 * side, abs=0.1)


def test_a_stationary_object_next_to_the_ego_is_remembered_until_it_is_behind() -> None:
    """The ego waits next to a standing car, outside the camera's view, and then drives on."""
    tracker, position = KalmanTracker(DT), np.array([15.0, -2.8])
    for _ in range(20):
        tracker.update((replace(detected_object(position, CAR), truncated_at_side=True),), 5.0, 0.0)
        position = position - np.array([5.0 * DT, 0.0])
    waiting = [len(tracker.update((), 0.0, 0.0)) for _ in range(50)]
    assert waiting == [1] * 50
    leaving = [len(tracker.update((), 6.0, 0.0)) for _ in range(40)]
    assert leaving[0] == 1
    assert leaving[-1] == 0


def test_one_wrong_box_moves_a_known_object_little() -> None:
    """A box that jumps by half the distance gets little weight."""
    at_40_m, at_60_m = (
        measurement_of(detected_object(np.array([distance, 0.0]), CAR)) for distance in (40.0, 60.0)
    )
    state = KalmanState(at_40_m, 0.0, CLASS_MODELS[CAR].velocity_priors[0])
    no_motion = ego_step(0.0, 0.0, DT)
    for _ in range(20):
        state.predict(no_motion, DT, CLASS_MODELS[CAR])
        state.update(at_40_m)
    before = float(state.mean[0])
    state.predict(no_motion, DT, CLASS_MODELS[CAR])
    state.update(at_60_m)
    assert 0.0 < state.mean[0] - before < 2.0


def test_after_a_change_of_class_an_object_keeps_its_id_and_has_the_new_size() -> None:
    """The same box is first a car and then a large vehicle, which is farther away."""
    tracker, lifter = KalmanTracker(DT), GroundLifter(CameraModel())
    box = (300.0, 106.0, 340.0, 134.0)
    tracks_by_step = [
        tracker.update(lifter.lift((Detection(box, label, 0.9),)), 0.0, 0.0)
        for label in (CAR,) * 8 + (ObjectClass.LARGE_VEHICLE,) * 12
    ]
    (first,), (last,) = tracks_by_step[7], tracks_by_step[-1]
    assert first.id == last.id
    assert (first.label, last.label) == (CAR, ObjectClass.LARGE_VEHICLE)
    near = [track.position[0] - track.length / 2.0 for track in (first, last)]
    (alone,) = lifter.lift((Detection(box, ObjectClass.LARGE_VEHICLE, 0.9),))
    assert near[1] > near[0] + 0.5
    assert near[1] == pytest.approx(alone.position[0], rel=0.05)


def test_the_heading_of_a_stationary_lorry_returns_to_the_road() -> None:
    """Its centre is half a length behind the visible face, so a false heading would move it laterally."""
    tracker, tracks = KalmanTracker(DT), ()
    for step in range(50):
        lateral = min(-7.0 + 0.25 * step, -3.5)  # its visible flank misleads the lifter at first
        tracks = tracker.update(
            (detected_object(np.array([30.0, lateral]), ObjectClass.LARGE_VEHICLE),), 0.0, 0.0
        )
    (track,) = tracks
    assert track.position[1] == pytest.approx(-3.5, abs=0.3)
    assert track.heading == pytest.approx(0.0, abs=0.05)


def test_the_stationary_hypothesis_is_renewed_after_correlated_errors() -> None:
    """Errors of distant boxes may be correlated for seconds: here all beyond 110 m appears at 110 m."""
    tracker, tracks = KalmanTracker(DT), ()
    speed = 25.0
    for step in range(33):
        position = np.array([min(160.0 - speed * DT * step, 110.0), 0.0])
        tracks = tracker.update((detected_object(position, CAR),), speed, 0.0)
        if step == 20:
            assert tracks[0].velocity[0] > 20.0
    (track,) = tracks
    assert track.position[0] - track.length / 2.0 == pytest.approx(80.0, rel=0.06)
    assert abs(track.velocity[0]) < 7.0

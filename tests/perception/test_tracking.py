"""Trackers against known truth: identities, velocities, and the start and end of tracks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_measurements import CAR, DT, PERSON, detected_object, drive

from drive_stack.interfaces import Tracker
from drive_stack.tracking.alpha_beta_tracker import AlphaBetaTracker
from drive_stack.tracking.association import box_iou
from drive_stack.tracking.classes import CLASS_MODELS
from drive_stack.tracking.ego_motion import ego_step
from drive_stack.tracking.kalman import KalmanState
from drive_stack.tracking.kalman_tracker import KalmanTracker
from drive_stack.tracking.measurement import measurement_of
from drive_stack.types import (
    Detection,
    FloatArray,
    LiftedObject,
    LineOfSight,
    ObjectClass,
    RangeCue,
)

TRACKERS: tuple[Callable[[float], Tracker], ...] = (KalmanTracker, AlphaBetaTracker)


def test_an_arc_ends_where_the_circle_is() -> None:
    step = ego_step(20.0, 0.5, 1.0)
    assert step.shift == pytest.approx([40.0 * np.sin(0.5), 40.0 * (1 - np.cos(0.5))])
    assert step.points(step.shift) == pytest.approx([0.0, 0.0], abs=1e-12)


@pytest.mark.parametrize("make", TRACKERS)
@pytest.mark.parametrize("yaw_rate", [0.0, 0.1])
def test_a_stationary_object_has_no_velocity(make: Callable[[float], Tracker], yaw_rate: float) -> None:
    tracks_by_step = drive(make(DT), (80.0, 4.0), (0.0, 0.0), CAR, 30, speed=20.0, yaw_rate=yaw_rate)
    assert len(tracks_by_step[-1]) == 1
    limit = 0.3 if make is KalmanTracker else 1.5
    assert np.hypot(*tracks_by_step[-1][0].velocity) < limit


def test_a_crossing_person_gets_its_velocity_within_six_images() -> None:
    errors = []
    for noise in range(40):
        tracks_by_step = drive(
            KalmanTracker(DT), (30.0, -4.0), (0.0, 1.4), PERSON, 7, speed=15.0, noise=noise
        )
        assert len(tracks_by_step[-1]) == 1
        errors.append(tracks_by_step[-1][0].velocity[1] - 1.4)
    assert abs(float(np.mean(errors))) < 0.15
    assert float(np.quantile(np.abs(errors), 0.68)) < 0.3


def test_a_leader_gets_its_speed() -> None:
    errors = []
    for noise in range(20):
        tracks_by_step = drive(KalmanTracker(DT), (40.0, 0.0), (22.0, 0.0), CAR, 25, speed=25.0, noise=noise)
        errors.append(tracks_by_step[-1][0].velocity[0] - 22.0)
    assert float(np.sqrt(np.mean(np.square(errors)))) < 1.2


def test_an_id_lasts_through_a_second_of_occlusion() -> None:
    hidden = range(15, 25)
    tracks_by_step = drive(
        KalmanTracker(DT), (40.0, 3.0), (20.0, 0.0), CAR, 35, speed=20.0, noise=3, hidden=hidden
    )
    assert {track.id for tracks in tracks_by_step[5:] for track in tracks} == {1}
    assert all(len(tracks) == 1 for tracks in tracks_by_step[5:])
    assert tracks_by_step[24][0].missed == 10
    assert tracks_by_step[24][0].confidence < tracks_by_step[14][0].confidence


@pytest.mark.parametrize("make", TRACKERS)
def test_a_track_ends_without_detections(make: Callable[[float], Tracker]) -> None:
    tracks_by_step = drive(make(DT), (40.0, 0.0), (0.0, 0.0), CAR, 60, hidden=range(20, 60))
    assert len(tracks_by_step[19]) == 1
    assert tracks_by_step[-1] == ()


def test_a_briefly_detected_object_is_not_propagated_for_long() -> None:
    """The track of three false boxes ends after three steps, not after a second and a half."""
    tracks_by_step = drive(KalmanTracker(DT), (20.0, 0.0), (0.0, 0.0), CAR, 12, hidden=range(3, 12))
    assert len(tracks_by_step[2]) == 1
    assert [len(tracks) for tracks in tracks_by_step[3:]] == [1, 1, 1] + [0] * 6


def test_one_false_alarm_makes_no_track() -> None:
    tracker = KalmanTracker(DT)
    alarm = (detected_object(np.array([20.0, 1.0]), CAR),)
    tracks_by_step = [tracker.update(alarm if k == 3 else (), 20.0, 0.0) for k in range(8)]
    assert not any(tracks_by_step)


@pytest.mark.parametrize("make", TRACKERS)
def test_two_trackers_share_nothing_and_reset_forgets(make: Callable[[float], Tracker]) -> None:
    first, second = make(DT), make(DT)
    first_run = drive(first, (30.0, 0.0), (0.0, 0.0), CAR, 6, noise=1)
    second_run = drive(second, (30.0, 0.0), (0.0, 0.0), CAR, 6, noise=1)
    first.reset()
    after_reset = drive(first, (30.0, 0.0), (0.0, 0.0), CAR, 6, noise=1)
    for a, b, c in zip(first_run, second_run, after_reset, strict=True):
        assert [track.id for track in a] == [track.id for track in b] == [track.id for track in c]
        assert all(np.array_equal(x.position, y.position) for x, y in zip(a, c, strict=True))
    assert first_run[-1][0].id == 1


def test_a_vehicle_extends_beyond_its_visible_face() -> None:
    tracks_by_step = drive(KalmanTracker(DT), (30.0, 2.0), (0.0, 0.0), CAR, 10)
    track = tracks_by_step[-1][0]
    assert track.position == pytest.approx([30.0 + track.length / 2.0, 2.0], abs=0.1)


def test_two_vehicles_that_pass_keep_their_ids() -> None:
    tracker, rng = KalmanTracker(DT), np.random.default_rng(5)
    ids_of_vehicle: dict[int, set[int]] = {0: set(), 1: set()}
    for step in range(50):
        positions = [np.array([25.0 + 0.6 * step, 3.6]), np.array([40.0, 0.0])]
        order = rng.permutation(2)
        tracks = tracker.update(tuple(detected_object(positions[k], CAR, rng) for k in order), 20.0, 0.0)
        for track in tracks:
            rear = track.position - np.array([track.length / 2.0, 0.0])
            nearest = int(np.argmin([abs(rear[1] - position[1]) for position in positions]))
            ids_of_vehicle[nearest].add(track.id)
    assert [len(ids) for ids in ids_of_vehicle.values()] == [1, 1]
    assert ids_of_vehicle[0] != ids_of_vehicle[1]


def test_a_person_is_never_taken_for_a_car() -> None:
    tracker = KalmanTracker(DT)
    for _ in range(5):
        tracker.update((detected_object(np.array([20.0, 0.0]), CAR),), 0.0, 0.0)
    tracks = [tracker.update((detected_object(np.array([20.0, 0.0]), PERSON),), 0.0, 0.0) for _ in range(4)][
        -1
    ]
    assert {track.label for track in tracks} == {CAR, PERSON}


def test_box_overlap() -> None:
    assert box_iou((0, 0, 2, 2), (0, 0, 2, 2)) == 1.0
    assert box_iou((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert box_iou((0, 0, 1, 1), (2, 0, 3, 1)) == 0.0


@settings(max_examples=60)
@given(
    x=st.floats(3.0, 150.0),
    y=st.floats(-30.0, 30.0),
    radial_sigma=st.floats(0.05, 20.0),
    transverse_sigma=st.floats(0.02, 5.0),
    speed=st.floats(0.0, 45.0),
    yaw_rate=st.floats(-1.0, 1.0),
    label=st.sampled_from(list(ObjectClass)),
    seed=st.integers(0, 2**16),
)
def test_covariances_stay_positive_definite(
    x: float,
    y: float,
    radial_sigma: float,
    transverse_sigma: float,
    speed: float,
    yaw_rate: float,
    label: ObjectClass,
    seed: int,
) -> None:
    rng, model = np.random.default_rng(seed), CLASS_MODELS[label]
    covariance = np.diag([radial_sigma**2, transverse_sigma**2])

    def detected(position: FloatArray, with_cues: bool) -> LiftedObject:
        detection = Detection((0.0, 0.0, 1.0, 1.0), label, 0.5)
        distance = max(float(np.hypot(*position)), 0.5)
        cues = (RangeCue(distance, (radial_sigma / distance) ** 2), RangeCue(distance, 0.01, 1.5, 0.1))
        line_of_sight = LineOfSight(np.zeros(2), transverse_sigma, cues) if with_cues else None
        return LiftedObject(position, covariance, label, 0.5, 1.8, detection, line_of_sight)

    first = measurement_of(detected(np.array([x, y]), bool(seed % 2)))
    state = KalmanState(first, speed, model.velocity_priors[-1])
    for _ in range(60):
        state.predict(ego_step(speed, yaw_rate, DT), DT, model)
        if rng.random() < 0.6:
            position = state.mean[:2] + rng.normal(size=2) * [radial_sigma, transverse_sigma]
            state.update(measurement_of(detected(position, bool(rng.random() < 0.5))))
        assert np.array_equal(state.covariance, state.covariance.T)
        assert float(np.linalg.eigvalsh(state.covariance).min()) >= 0.0

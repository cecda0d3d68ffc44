"""Faults of the camera and the detector are recognised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_world import PLATFORM

from drive_stack.fault_injection import FaultInjector, FaultSettings
from drive_stack.monitoring.camera_monitor import CameraMonitor
from drive_stack.monitoring.detection_monitor import MAX_OBJECTS, DetectionMonitor
from drive_stack.types import Detection, Image, NavigationCommand, ObjectClass, Observation, Track

BOX = (300.0, 100.0, 330.0, 130.0)
CAR = Detection(BOX, ObjectClass.CAR, 0.9)


def observation(image: Image, speed: float = 20.0, age: float = 0.0) -> Observation:
    return Observation(image, speed, 0.0, False, False, 30.0, NavigationCommand.FOLLOW, age)


def images(count: int) -> list[Image]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (16, 16, 3), dtype=np.uint8) for _ in range(count)]


# --- the camera ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unusable", "message"),
    [
        (observation(np.zeros((16, 16, 3), np.uint8)), "shows nothing"),
        (observation(np.full((16, 16, 3), 255, np.uint8)), "shows nothing"),
        (observation(images(1)[0], age=0.6), "0.6 s old"),
    ],
)
def test_an_unusable_image_is_skipped_at_once_and_more_are_a_fault(
    unusable: Observation, message: str
) -> None:
    monitor, good = CameraMonitor(), images(3)
    assert monitor.check(observation(good[1])).usable
    checks = [monitor.check(unusable) for _ in range(4)]
    assert not any(check.usable for check in checks)
    assert checks[0].fault is None and checks[-1].fault is not None and message in checks[-1].fault
    recovered = monitor.check(observation(good[2]))
    assert recovered.usable and recovered.fault is None


def test_a_frozen_camera_stays_frozen_when_the_car_has_stopped_for_it() -> None:
    monitor, good = CameraMonitor(), images(2)
    checks = [monitor.check(observation(good[0], speed)) for speed in (20.0, 20.0, 10.0, 5.0, 0.0, 0.0)]
    assert [check.usable for check in checks] == [True] + 5 * [False]
    assert checks[-1].fault == "the camera is frozen"
    assert monitor.check(observation(good[1], 0.0)).usable


def test_a_standing_car_may_see_the_same_image_again() -> None:
    monitor, good = CameraMonitor(), images(1)
    assert all(monitor.check(observation(good[0], 0.0)).usable for _ in range(5))


# --- the detector ----------------------------------------------------------------------------


def track(x: float = 30.0, *, age: int = 40, box: tuple[float, float, float, float] = BOX) -> Track:
    position, velocity = np.array([x, 0.0]), np.zeros(2)
    return Track(1, ObjectClass.CAR, position, velocity, np.eye(4), 0.0, 4.5, 1.8, age, 0, 0.9, box)


def missing_faults(tracks: tuple[Track, ...], steps: int = 10) -> list[str | None]:
    monitor = DetectionMonitor(PLATFORM.camera)
    return [monitor.check_missing((), tracks) for _ in range(steps)]


def test_objects_in_plain_view_cannot_all_disappear() -> None:
    faults = missing_faults((track(),))
    assert faults[0] is None and faults[-1] is not None and "no longer sees an object" in faults[-1]


@pytest.mark.parametrize(
    "hidden",
    [
        track(age=5),  # tracked for too short a time: it may be a false detection
        track(3.0),  # too near to be in the image
        track(box=(300.0, 100.0, 306.0, 106.0)),  # far away
        replace(track(), position=np.array([10.0, 6.0])),  # leaves the image at its side
        replace(track(), confidence=0.2),
    ],
)
def test_an_object_that_may_be_out_of_view_is_not_missing(hidden: Track) -> None:
    assert missing_faults((hidden,)) == [None] * 10


def test_several_small_objects_count_as_much_as_a_large_one() -> None:
    small = track(60.0, box=(300.0, 100.0, 311.0, 111.0))
    assert missing_faults((small, small)) == [None] * 10
    faults = missing_faults((small,) * 3)[-1]
    assert faults == "the detector no longer sees 3 objects that were in plain view"


def test_an_empty_road_is_no_fault() -> None:
    assert missing_faults(()) == [None] * 10


def test_the_fault_lasts_until_something_is_detected() -> None:
    monitor = DetectionMonitor(PLATFORM.camera)
    for _ in range(10):
        monitor.check_missing((), (track(),))
    assert monitor.check_missing((), ()) is not None  # the track has ended meanwhile
    assert monitor.check_missing((CAR,), ()) is None
    assert monitor.check_missing((), ()) is None


def test_too_many_detections_are_a_fault() -> None:
    monitor = DetectionMonitor(PLATFORM.camera)
    assert monitor.check_count((CAR,) * MAX_OBJECTS) is None
    assert monitor.check_count((CAR,) * 300) == "the detector reports 300 objects"


# --- injected faults --------------------------------------------------------------------------


def observe_with_fault(count: int = 6, **settings: object) -> tuple[list[Image], list[Observation]]:
    faults = FaultInjector(FaultSettings.model_validate({"start": 0.2, **settings}), 0.1)
    good = images(count)
    return good, [faults.observe(observation(image)) for image in good]


def test_frozen_images_repeat_the_last_good_one_until_the_end() -> None:
    good, received = observe_with_fault(camera="frozen", end=0.5)
    shown = [next(i for i, image in enumerate(good) if image is result.image) for result in received]
    assert shown == [0, 1, 1, 1, 1, 5]
    assert {result.image_age for result in received} == {0.0}


def test_missing_images_age_and_late_ones_have_the_configured_age() -> None:
    _, missing = observe_with_fault(camera="missing")
    assert [result.image_age for result in missing] == pytest.approx([0.0, 0.0, 0.1, 0.2, 0.3, 0.4])
    good, late = observe_with_fault(camera="late", delay=0.2)
    assert late[4].image is good[2] and late[4].image_age == pytest.approx(0.2)

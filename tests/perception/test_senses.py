"""What is noticed when senses fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_world import PLATFORM

from drive_stack.fault_injection import Faults, FaultSettings
from drive_stack.monitoring.detection_watch import MOST, DetectionWatch
from drive_stack.monitoring.sense_watch import SenseWatch
from drive_stack.types import Detection, Image, NavigationCommand, ObjectClass, Observation, Track

BOX = (300.0, 100.0, 330.0, 130.0)
CAR = Detection(BOX, ObjectClass.CAR, 0.9)


def seen(image: Image, speed: float = 20.0, age: float = 0.0) -> Observation:
    return Observation(image, speed, 0.0, False, False, 30.0, NavigationCommand.FOLLOW, age)


def pictures(count: int) -> list[Image]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (16, 16, 3), dtype=np.uint8) for _ in range(count)]


# --- the camera ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (seen(np.zeros((16, 16, 3), np.uint8)), "shows nothing"),
        (seen(np.full((16, 16, 3), 255, np.uint8)), "shows nothing"),
        (seen(pictures(1)[0], age=0.3), "0.3 s old"),
    ],
)
def test_a_bad_picture_is_left_out_at_once_and_more_are_a_fault(bad: Observation, words: str) -> None:
    watch, good = SenseWatch(), pictures(3)
    assert watch.look(seen(good[1])).usable
    looks = [watch.look(bad) for _ in range(4)]
    assert not any(look.usable for look in looks)
    assert looks[0].fault is None and looks[-1].fault is not None and words in looks[-1].fault
    mended = watch.look(seen(good[2]))
    assert mended.usable and mended.fault is None


def test_a_frozen_camera_stays_frozen_when_the_car_has_stopped_for_it() -> None:
    watch, good = SenseWatch(), pictures(2)
    looks = [watch.look(seen(good[0], speed)) for speed in (20.0, 20.0, 10.0, 5.0, 0.0, 0.0)]
    assert [look.usable for look in looks] == [True] + 5 * [False]
    assert looks[-1].fault == "the camera is frozen"
    assert watch.look(seen(good[1], 0.0)).usable


def test_a_standing_car_may_see_the_same_again() -> None:
    watch, good = SenseWatch(), pictures(1)
    assert all(watch.look(seen(good[0], 0.0)).usable for _ in range(5))


# --- the detector ----------------------------------------------------------------------------


def track(x: float = 30.0, *, age: int = 40, box: tuple[float, float, float, float] = BOX) -> Track:
    place, still = np.array([x, 0.0]), np.zeros(2)
    return Track(1, ObjectClass.CAR, place, still, np.eye(4), 0.0, 4.5, 1.8, age, 0, 0.9, box)


def verdicts(tracks: tuple[Track, ...], steps: int = 10) -> list[str | None]:
    watch = DetectionWatch(PLATFORM.camera)
    return [watch.lost((), tracks) for _ in range(steps)]


def test_what_was_in_plain_view_cannot_all_be_gone() -> None:
    said = verdicts((track(),))
    assert said[0] is None and said[-1] is not None and "no longer sees an object" in said[-1]


@pytest.mark.parametrize(
    "hidden",
    [
        track(age=5),  # followed for too short a time: it may never have been there
        track(3.0),  # beside or below the camera
        track(box=(300.0, 100.0, 306.0, 106.0)),  # far away
        replace(track(), position=np.array([10.0, 6.0])),  # leaves the picture sideways
        replace(track(), confidence=0.2),
    ],
)
def test_what_may_have_gone_out_of_sight_is_not_missed(hidden: Track) -> None:
    assert verdicts((hidden,)) == [None] * 10


def test_several_small_ones_weigh_as_much_as_a_large_one() -> None:
    small = track(60.0, box=(300.0, 100.0, 311.0, 111.0))
    assert verdicts((small, small)) == [None] * 10
    said = verdicts((small,) * 3)[-1]
    assert said == "the detector no longer sees 3 objects that were in plain view"


def test_an_empty_road_is_an_empty_road() -> None:
    assert verdicts(()) == [None] * 10


def test_a_lost_detector_is_doubted_until_it_sees_something() -> None:
    watch = DetectionWatch(PLATFORM.camera)
    for _ in range(10):
        watch.lost((), (track(),))
    assert watch.lost((), ()) is not None  # the track has faded away meanwhile
    assert watch.lost((CAR,), ()) is None
    assert watch.lost((), ()) is None


def test_more_objects_than_there_can_be_are_not_believed() -> None:
    watch = DetectionWatch(PLATFORM.camera)
    assert watch.crowd((CAR,) * MOST) is None
    assert watch.crowd((CAR,) * 300) == "the detector reports 300 objects"


# --- faults made on purpose -------------------------------------------------------------------


def spoiled(count: int = 6, **settings: object) -> tuple[list[Image], list[Observation]]:
    faults = Faults(FaultSettings.model_validate({"begin": 0.2, **settings}), 0.1)
    good = pictures(count)
    return good, [faults.observe(seen(image)) for image in good]


def test_frozen_pictures_are_the_last_good_one_and_end_when_told() -> None:
    good, got = spoiled(camera="frozen", end=0.5)
    shown = [next(i for i, image in enumerate(good) if image is one.image) for one in got]
    assert shown == [0, 1, 1, 1, 1, 5]
    assert {one.image_age for one in got} == {0.0}


def test_missing_pictures_grow_old_and_late_ones_are_so_much_late() -> None:
    _, missing = spoiled(camera="missing")
    assert [one.image_age for one in missing] == pytest.approx([0.0, 0.0, 0.1, 0.2, 0.3, 0.4])
    good, late = spoiled(camera="late", delay=0.2)
    assert late[4].image is good[2] and late[4].image_age == pytest.approx(0.2)

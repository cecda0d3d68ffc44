"""Captions: in the order of time, never before what they tell, and with the verdict at the end."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from narrated_drives import CRASHED, DONE, HIT, braking, log_of, step

from drive_stack.evaluation.race import race_verdict
from drive_stack.evaluation.result import Status
from drive_stack.narration.race_log import Step
from drive_stack.narration.telling import Narration, Opening, narrate
from drive_stack.viewer.headline import Urgency

NAMES = ("pipeline", "network")
CAREFUL = (
    step(0.0, 160.0),
    step(1.0, 140.0, sees=True),
    step(2.0, 100.0, sees=True, says=braking(-2.0)),
    step(3.0, 60.0, speed=10.0, sees=True),
    step(9.0, -30.0, speed=15.0, outcome="completed"),
)
BLIND = (step(0.0, 160.0), step(2.0, 100.0), step(3.0, 50.0), step(4.0, 0.1, hits=True, outcome="collision"))


def tell(first: tuple[Step, ...] = CAREFUL, second: tuple[Step, ...] = BLIND) -> Narration:
    results = DONE, CRASHED
    opening = Opening("Watch the road", ("with reasons", "without"))
    log = log_of(first, second)
    return narrate(NAMES, log, results, race_verdict(NAMES, results), opening, (21.6, 2.1))


def test_a_race_is_told_in_the_order_of_its_events() -> None:
    told = [(caption.elapsed, caption.driver, caption.text) for caption in tell().captions]
    assert told == [
        (0.0, None, "Watch the road"),
        (0.0, 0, "with reasons"),
        (0.0, 1, "without"),
        (1.0, 0, "Detects the vehicle, 140 m ahead"),
        (2.0, None, "A vehicle is in the lane, 100 m ahead of network"),
        (2.0, 0, "Braking for car #3, 100 m ahead"),
        (4.0, 1, "Hits the vehicle at 63 km/h, without braking for it"),
        (9.0, 0, "Passes the vehicle at 54 km/h"),
        (9.0, 0, "Completes the route after 9.0 s"),
    ]


def test_no_caption_is_shown_before_its_event() -> None:
    narration = tell()
    assert all(before.elapsed <= after.elapsed for before, after in pairwise(narration.captions))
    for caption in narration.captions:
        assert caption in narration.until(caption.elapsed)
        assert caption not in narration.until(caption.elapsed - 0.05)


def test_a_driver_without_reasons_is_said_to_name_no_cause() -> None:
    brakes = step(3.0, 50.0, says=braking(-5.0, None))
    (told,) = [
        caption
        for caption in tell(second=(*BLIND[:2], brakes, BLIND[3])).captions
        if caption.text[:6] == "Brakes"
    ]
    assert told.text == "Brakes, 50 m before the vehicle. It names no cause"
    assert (told.driver, told.elapsed, told.urgency) == (1, 3.0, Urgency.DANGER)


def test_the_story_ends_with_where_why_and_the_price() -> None:
    narration = tell()
    assert narration.verdict == "pipeline wins: network hit a vehicle at 314 m"
    assert narration.details == (
        "Where: 314 m along the road, 4.0 s after the start. Course: stalled_car, seed 7.",
        "Why: pipeline detected the vehicle at 140 m and braked 100 m before it; network did not brake for "
        "the vehicle. Avoidable for a careful driver (UN R157): braking in time would have avoided it.",
        "Price: network hits at 63 km/h and scores 28 of 100; pipeline needs 22 ms of CPU time for each "
        "decision (network 2.1 ms).",
    )
    assert narration.lines(NAMES)[-4:] == [
        "Pipeline wins: network hit a vehicle at 314 m", *narration.details,
    ]  # fmt: skip
    assert narration.lines(NAMES)[1] == "  0.0 s  pipeline: with reasons"


@pytest.mark.parametrize(
    ("status", "text"), [(Status.OFF_ROAD, "Leaves the road"), (Status.STUCK, "Stands for too long")]
)
def test_a_race_in_which_nobody_is_hit_tells_how_the_drives_end(status: Status, text: str) -> None:
    results = (
        DONE,
        replace(CRASHED, status=status, collision_with=None, avoidable=None, impact_speed_mps=None),
    )
    lost = (BLIND[0], step(5.0, 90.0, outcome=status.value))
    verdict = race_verdict(NAMES, results)
    narration = narrate(NAMES, log_of(CAREFUL, lost), results, verdict, Opening("Watch", ()))
    assert [caption.text for caption in narration.captions[1:]] == [text, "Completes the route after 9.0 s"]
    assert not any(detail.startswith("Why") for detail in narration.details)


def test_the_contact_is_told_when_it_is_seen() -> None:
    assert HIT.time == BLIND[-1].elapsed == 4.0

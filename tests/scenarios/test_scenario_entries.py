"""Actors, pedestrians and road works are checked against their road, entry by entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_worlds import refusal, write_scenario

from drive_stack.vehicle import VehicleParameters
from envs.scenarios.checks import EGO_FRONT, MIN_DISTANCE

# the entry, the named key, and a part of the message that says what is allowed
ACTORS = [
    ("{kind: stopped, at: 2400}", "at", "within 5 … 2294.5 (the road ends 2300 m ahead of the ego's start)"),
    ("{kind: stopped, at: 0}", "at", "within 5 …"),
    ("{kind: stopped, at: {min: 100, max: 2299}}", "at", "within 5 … 2294.5"),
    ("{kind: stopped, at: 100, body: bus, offset: 9.5}", "offset", "between the guard rails"),
    ("{kind: stopped, at: 100, offset: -7}", "offset", "within -4 … "),
    ("{kind: stopped, at: 100, place: right_shoulder, offset: -3}", "offset", "between the guard rails"),
    ("{kind: stopped, at: 100, place: right_shoulder, lane: leftmost}", "lane", "goes with place: lane"),
    ("{kind: stopped, at: 100, lane: right_of_ego}", "lane", "no lane right of the ego's"),
    ("{kind: lead}", "gap", "give a gap"),
    ("{kind: lead, gap: 0}", "gap", "within 1 …"),
    ("{kind: lead, gap: 2299}", "gap", "the road ends 2300 m ahead"),
    ("{kind: lead, headway: 0}", "headway", "at least 1 m"),
    ("{kind: lead, headway: 100}", "headway", "the road ends 2300 m ahead"),
    ("{kind: lead, gap: 50, lane: right_of_ego}", "lane", "no lane right of the ego's"),
    ("{kind: lead, gap: 50, speed_kmh: 0}", "speed_kmh", "within 1 … 130"),
    ("{kind: lead, gap: 50, speed_kmh: 120}", "speed_kmh", "at most 100"),
    ("{kind: lead, gap: 50, brakes: {deceleration: 10}}", "brakes.deceleration", "within 0.5 … 9.81"),
    (
        "{kind: lead, gap: 50, speed_kmh: 40, brakes: {to_kmh: 50}}",
        "brakes.to_kmh",
        "its speed of up to 40",
    ),
    ("{kind: lead, gap: 50, brakes: {after: 120}}", "brakes.after", "below the time_limit of 120 s"),
    ("{kind: cut_in, side: right}", "side", "no lane right of the ego's"),
    ("{kind: cut_in, duration: 1.2}", "duration", "at least 1.65 (in less, the lateral acceleration exceeds"),
    ("{kind: cut_in, slower_kmh: 90}", "slower_kmh", "within 0 … 80 "),
    ("{kind: cut_in, gap: 0.5}", "gap", "within 1 …"),
    ("{kind: cut_in, gap: 2250, after: 10, slower_kmh: 20}", "gap", "the road ends"),
    ("{kind: cut_out, at: 100}", "at", "before the reveal"),
    ("{kind: cut_out, at: 2299}", "at", "the road ends"),
    ("{kind: cut_out, at: 400, headway: 0}", "headway", "at least 1 m"),
    ("{kind: cut_out, at: 400, duration: 1}", "duration", "at least 1.65"),
    ("{kind: queue, at: 2250}", "at", "the queue is up to"),
    ("{kind: queue, at: 0}", "at", "within 5 …"),
    ("{kind: queue, at: 100, spacing: 0}", "spacing", "within 1 …"),
    ("{kind: queue, at: 100, per_lane: 2.5}", "per_lane", "whole numbers"),
    ("{kind: queue, at: 100, dissolves: 120}", "dissolves", "below the time_limit"),
    ("{kind: queue, at: 100, to_kmh: 110}", "to_kmh", "at most 100"),
]
PEOPLE = [
    ("{kind: crosser, at: 4000}", "at", "within 5 … 2300"),
    ("{kind: crosser, at: 100, speed_kmh: 0}", "speed_kmh", "within 0.5 … 40"),
    ("{kind: crosser, at: 100, bonnet: 1.5}", "bonnet", "within 0 … 1"),
    ("{kind: crosser, at: 100, count: 1.5}", "count", "whole numbers"),
    ("{kind: crosser, at: 100, side: left, hidden_by: {}}", "side", "needs side: right"),
    ("{kind: crosser, at: 100, hidden_by: {clear: 3}}", "hidden_by.clear", "before the guard rail"),
    ("{kind: crosser, at: 100, hidden_by: {clear: -1}}", "hidden_by.clear", "within 0 … 20"),
    ("{kind: walker, at: 1}", "at", "within 5 … 2300"),
    ("{kind: walker, at: 50, lane: right_of_ego}", "lane", "no lane right of the ego's"),
    ("{kind: walker, at: 50, speed_kmh: 60}", "speed_kmh", "within 0 … 40"),
    ("{kind: bystanders, at: 2299}", "at", "over up to 6 m of road"),
    ("{kind: bystanders, at: 50, place: shoulder, clear: 2.9}", "clear", "before the guard rail"),
    ("{kind: bystanders, at: 50, clear: -1}", "clear", "within 0 … 20"),
]
CLOSURES = [
    ("{kind: lane_closure, at: 4000}", "at", "with taper and length up to 210 m"),
    ("{kind: lane_closure, at: 2200}", "at", "within 5 … 2090"),
    ("{kind: lane_closure, at: 0}", "at", "within 5 …"),
    ("{kind: lane_closure, at: 50, taper: 0}", "taper", "within 10 … 500"),
    ("{kind: lane_closure, at: 50, spacing: 0}", "spacing", "within 1 … 50"),
    ("{kind: lane_closure, at: 50, taper: 20, spacing: 30}", "spacing", "within 1 … 20"),
]
ENTRIES = [
    *(("actors", *row) for row in ACTORS),
    *(("people", *row) for row in PEOPLE),
    *(("obstacles", *row) for row in CLOSURES),
]


@pytest.mark.parametrize("block", ["actors", "people", "obstacles"])
def test_the_minimum_position_of_entries_is_ahead_of_the_ego(block: str) -> None:
    car = VehicleParameters()
    assert pytest.approx(car.length - car.rear_overhang) == EGO_FRONT
    assert 1.0 <= MIN_DISTANCE - EGO_FRONT < 2.0


@pytest.mark.parametrize(("block", "entry", "key", "message"), ENTRIES)
def test_an_entry_that_does_not_fit_is_named_with_its_line_and_the_allowed_values(
    tmp_path: Path, block: str, entry: str, key: str, message: str
) -> None:
    # the first entry is valid, so that the index and the line must be those of the second
    valid = {
        "actors": "{kind: stopped, at: 1500}",
        "people": "{kind: bystanders, at: 1500}",
        "obstacles": "{kind: lane_closure, at: 1500, lane: leftmost}",
    }[block]
    path = write_scenario(tmp_path, f"{block}:\n  - {valid}\n  - {entry}\n")
    error = refusal(path)
    assert error.startswith(f"{path}:9: {block}.1.{key}: ")
    assert message in error

"""The format of golden traces, and the text that describes a change."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from golden_recording import GOLDEN, without_networks
from golden_traces.changes import report, stage_changes
from golden_traces.codec import decode, encode
from golden_traces.compare import Tolerance, differences
from golden_traces.trace import read_trace, write_trace

from drive_stack.errors import ConfigError
from drive_stack.types import AdjacentLane, ObjectClass, Track

TRACK = Track(
    id=3,
    label=ObjectClass.PEDESTRIAN,
    position=np.array([20.0, -1.0 / 3.0]),
    velocity=np.zeros(2),
    covariance=np.eye(4),
    heading=0.1,
    length=0.5,
    width=0.5,
    age=7,
    missed=0,
    confidence=0.8,
    box=(1.0, 2.0, 3.0, 4.0),
)


def describe_differences(before: object, after: object, tolerance: Tolerance | None = None) -> list[str]:
    return [
        str(change)
        for change in differences(encode(before), encode(after), tolerance or Tolerance(), "track")
    ]


def test_records_read_back_as_they_were_written() -> None:
    back = decode(Track, encode(TRACK))
    assert back.label is ObjectClass.PEDESTRIAN and back.box == TRACK.box and back.id == 3
    assert back.position == pytest.approx(TRACK.position, rel=1e-8) and back.covariance.shape == (4, 4)
    lane = AdjacentLane(exists=True, enterable=False, width=3.5)
    assert decode(AdjacentLane, encode(lane)) == lane  # it ends at infinity, which JSON lacks
    assert decode(Track, encode(replace(TRACK, box=None))).box is None


def test_a_type_without_a_golden_format_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        encode(object())


def test_equal_records_do_not_differ_and_noise_is_none() -> None:
    assert describe_differences(TRACK, TRACK) == []
    assert describe_differences(TRACK, replace(TRACK, heading=0.1 + 1e-9)) == []


def test_a_difference_names_the_field_and_both_values() -> None:
    assert describe_differences(TRACK, replace(TRACK, age=8)) == ["track.age: was 7, is 8"]
    assert describe_differences(TRACK, replace(TRACK, heading=0.2)) == ["track.heading: was 0.1, is 0.2"]
    assert describe_differences(TRACK, replace(TRACK, heading=0.2), Tolerance(absolute=0.2)) == []


def test_the_largest_difference_of_an_array_is_named_and_a_lost_item_is_counted() -> None:
    moved = replace(TRACK, velocity=np.array([0.5, -2.0]))
    assert describe_differences(TRACK, moved) == ["track.velocity[1]: was 0, is -2"]
    assert describe_differences((TRACK, TRACK), (TRACK,)) == ["number of track: was 2, is 1"]


def test_a_changed_stage_is_named_and_the_others_are_not() -> None:
    default_stages = without_networks()
    changed = without_networks("planning.lattice.following.time_gap=2.5")
    steps = read_trace(GOLDEN / "car_cuts_in.json.gz").steps
    assert stage_changes(default_stages, steps, "planner") == []
    changes = stage_changes(changed, steps, "planner")
    assert changes and all(line.startswith("planner, step ") for line in changes)
    assert report(changes, "car_cuts_in").startswith(f"car_cuts_in: {len(changes)} changed\n  planner, step ")
    assert stage_changes(changed, steps, "longitudinal") == []


def test_a_trace_writes_the_same_text_again(tmp_path: Path) -> None:
    path, again = GOLDEN / "car_cuts_in.json.gz", tmp_path / "again.json.gz"
    write_trace(again, read_trace(path))
    # compressed bytes differ between versions of Python
    assert gzip.decompress(again.read_bytes()) == gzip.decompress(path.read_bytes())


def test_a_file_that_is_no_trace_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "broken.json.gz"
    path.write_bytes(b"not gzip")
    with pytest.raises(ConfigError, match=r"broken\.json\.gz"):
        read_trace(path)

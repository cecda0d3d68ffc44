"""Failures next to another driver: which are chosen, and that both films show the same seconds."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from report_runs import write_clips, write_run
from synthetic_rows import drives, row

from agents.registry import build_agent
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.report.clips.clip_recorder import DURATION, HOLD, Clip, ClipRecorder
from drive_stack.report.clips.counterpart import CounterpartFilm, CounterpartRecorder, FilmedPair
from drive_stack.report.pair_films import read_pairs
from drive_stack.report.pairs import MAX_PAIRS, choose_pairs
from drive_stack.report.runs import read_runs
from drive_stack.viewer.video import FPS

CLOCK = slice(4, 24), slice(580, 632)  # the time, at the upper right of the camera image


def chosen(folder: Path, rows: list[Row]) -> list[tuple[str, str, str, int]]:
    """Failed driver, other driver, scenario and seed of the pairs of a run whose failures all have clips."""
    run = write_run(folder, rows)
    write_clips(run)
    return [
        (pair.failed.label, pair.other.label, pair.filmed.scenario, pair.filmed.seed)
        for pair in choose_pairs(read_runs([run]))
    ]


def test_first_come_failures_where_the_other_driver_succeeded(tmp_path: Path) -> None:
    rows = drives("a", "merge", "xx") + drives("b", "merge", "x.")
    assert chosen(tmp_path / "run", rows) == [
        ("a", "b", "merge", 100_001),
        ("b", "a", "merge", 100_000),  # drivers take turns
        ("a", "b", "merge", 100_000),
    ]


def test_abilities_differ_among_the_first_pairs(tmp_path: Path) -> None:
    rows = drives("a", "merge", "xxx") + drives("a", "lane_drop", "x..") + drives("a", "curves", "..x")
    rows += [row("b", one.result.scenario, one.result.seed) for one in rows]
    assert [scenario for _, _, scenario, _ in chosen(tmp_path / "run", rows)] == [
        *("merge", "curves", "lane_drop"),
        *("merge", "merge"),
    ]


def test_the_other_driver_is_the_best_that_does_not_read_the_truth(tmp_path: Path) -> None:
    expert = [row("expert", "merge", 100_000, privileged=True)]
    rows = [*expert, *drives("a", "merge", "x"), *drives("b", "merge", "."), *drives("c", "merge", "x")]
    assert [pair[:2] for pair in chosen(tmp_path / "run", rows)] == [("a", "b"), ("c", "b")]
    alone = [*expert, *drives("a", "merge", "x")]
    assert [pair[:2] for pair in chosen(tmp_path / "alone", alone)] == [("a", "expert")]


def test_a_drive_that_ended_before_the_clip_begins_is_not_shown(tmp_path: Path) -> None:
    def lasting(label: str, outcome: str, seconds: float) -> Row:
        driven = row(label, "merge", 100_000, outcome)
        return replace(driven, result=replace(driven.result, duration_s=seconds))

    late = lasting("a", "hit", 20.0)
    assert chosen(tmp_path / "early", [late, lasting("b", "ok", 20.0 - DURATION)]) == []
    assert len(chosen(tmp_path / "late", [late, lasting("b", "ok", 20.1 - DURATION)])) == 1


def test_only_films_of_exactly_these_drives_are_shown(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", drives("a", "merge", "xxxx") + drives("b", "merge", "...."))
    write_clips(run)
    runs = read_runs([run])
    assert len(read_pairs(runs, {})) == MAX_PAIRS
    pairs = choose_pairs(runs)
    for pair in pairs[:3]:
        stale = pair.filmed.model_copy(update={"other_config": "before"})
        CounterpartFilm.of(run / "clips", pair.filmed).record.write_text(stale.model_dump_json())
    (shown,) = read_pairs(runs, {})
    assert shown.seed == pairs[3].filmed.seed and [side.succeeded for side in shown.sides] == [False, True]
    CounterpartFilm.of(run / "clips", pairs[3].filmed).video.unlink()
    assert read_pairs(runs, {}) == []


# --- films of drives -----------------------------------------------------------------------------


def task(agent: str, scenario: str) -> BatchTask:
    return BatchTask(scenario, 100_000, agent, label=agent, config_hash="0", uses_camera=False)


def pair_with_expert(scenario: str, end_s: float) -> FilmedPair:
    return FilmedPair(
        failed="constant",
        failed_config="0",
        other="expert",
        other_config="0",
        scenario=scenario,
        seed=100_000,
        end_s=end_s,
    )


def read_images(path: Path) -> list[NDArray[np.int16]]:
    with av.open(str(path)) as video:
        return [image.to_ndarray(format="rgb24").astype(np.int16) for image in video.decode(video=0)]


def test_both_films_show_the_same_seconds(tmp_path: Path) -> None:
    result = drive_task(
        build_agent, task("constant", "stalled_car"), observer=partial(ClipRecorder, tmp_path)
    )
    pair = pair_with_expert("stalled_car", result.duration_s)
    drive_task(
        build_agent, task("expert", "stalled_car"), observer=partial(CounterpartRecorder, tmp_path, pair)
    )
    film = CounterpartFilm.of(tmp_path, pair)
    assert film.shows(pair) and not film.shows(pair_with_expert("stalled_car", 1.0))
    clip, other = (
        read_images(Clip.of(tmp_path, "constant", "stalled_car", 100_000).video),
        read_images(film.video),
    )
    assert len(clip) == len(other) == round((DURATION + 0.1 + HOLD) * FPS)
    for index in (0, 90, 180):
        assert np.abs(clip[index][CLOCK] - other[index][CLOCK]).mean() < 4.0
    assert np.abs(clip[0][CLOCK] - other[30][CLOCK]).mean() > 8.0


def test_a_drive_that_ends_within_the_film_shows_its_end_for_the_rest(tmp_path: Path) -> None:
    result = drive_task(build_agent, task("expert", "cruise"))
    pair = pair_with_expert("cruise", result.duration_s + 3.0)  # it fails 3 s after this drive has ended
    drive_task(build_agent, task("expert", "cruise"), observer=partial(CounterpartRecorder, tmp_path, pair))
    images = read_images(CounterpartFilm.of(tmp_path, pair).video)
    assert len(images) == round((DURATION + 0.1 + HOLD) * FPS)
    clocks = [image[CLOCK] for image in images[::3]]  # the clock shows tenths of a second
    moved = [np.abs(after - before).mean() > 2.0 for before, after in itertools.pairwise(clocks)]
    held = round((3.0 + HOLD) / 0.1)
    assert sum(moved[-held + 3 :]) <= 1  # a key frame of the codec may differ
    assert sum(moved[: -held - 1]) > 0.8 * len(moved[: -held - 1])

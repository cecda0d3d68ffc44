"""Run folders for reports: synthetic rows, and videos that take no drive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drive_stack.evaluation.batch.rows import Row
from drive_stack.report.clips.clip_recorder import Clip
from drive_stack.report.clips.counterpart import CounterpartFilm
from drive_stack.report.gallery import CLIPS
from drive_stack.report.pairs import choose_pairs
from drive_stack.report.runs import read_runs
from drive_stack.viewer.video import Recorder


def write_run(path: Path, rows: Sequence[Row]) -> Path:
    """A folder with these rows."""
    path.mkdir(parents=True)
    (path / "rows.jsonl").write_text("".join(row.to_json() + "\n" for row in rows), encoding="utf-8")
    return path


def write_video(path: Path, images: int = 10, size: tuple[int, int] = (64, 60)) -> None:
    """A video of 10 images per second, from black to nearly white."""
    path.parent.mkdir(exist_ok=True)
    with Recorder(path, size, 0.1) as recorder:
        for level in np.linspace(0, 225, images).astype(np.uint8):
            recorder.write(np.full((size[1], size[0], 3), level, dtype=np.uint8))


def write_clips(run: Path, images: int = 10) -> None:
    """A clip of every failure in the run, and a film of the other driver for every pair."""
    for entry in read_runs([run]).entries:
        result = entry.row.result
        if result.status != "completed":
            write_video(Clip.of(run / CLIPS, entry.label, result.scenario, result.seed).video, images)
    for pair in choose_pairs(read_runs([run])):
        film = CounterpartFilm.of(run / CLIPS, pair.filmed)
        write_video(film.video, images)
        film.record.write_text(pair.filmed.model_dump_json(), encoding="utf-8")

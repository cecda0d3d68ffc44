"""Writes the results of a search: scenario files of the counterexamples, table, map and page."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from drive_stack.falsification.figures import write_map
from drive_stack.falsification.outcome import Trial
from drive_stack.falsification.record import SearchRecord, write_record
from drive_stack.falsification.tables import headline, outcome_counts, summary
from drive_stack.falsification.telling import separations
from drive_stack.report.clip_videos import ClipVideo, read_video
from drive_stack.report.clips.clip_recorder import Clip
from drive_stack.report.commands import episode_command
from drive_stack.report.gallery import CLIPS
from drive_stack.support.atomic_files import copy_atomically, make_folder, write_atomically
from drive_stack.support.file_reading import read_regular

FOUND = "found"  # folder of the scenario files of counterexamples
SUMMARY, MAP, PAGE = "search.md", "map.svg", "search.html"
MAX_VIDEOS = 24  # so that the page stays small enough to send
_FOUND_NAME = re.compile(r"\d+-\w+\.yaml")


@dataclass(frozen=True, slots=True)
class _Card:
    rank: int
    trial: Trial
    values: Sequence[tuple[str, str]]
    command: str
    video: ClipVideo | None


def write_results(folder: Path, record: SearchRecord) -> tuple[Path, ...]:
    """Write everything about a search into its folder; returns the paths of what people read.

    Raises:
        ConfigError: a file cannot be written.
    """
    write_record(folder, record)
    files = _write_found(folder, record.counterexamples)
    commands = [
        episode_command(record.setup.driver, _shown(file), trial.seed)
        for file, trial in zip(files, record.counterexamples, strict=True)
    ]
    write_atomically(folder / SUMMARY, summary(record, commands))
    keys = _write_map(folder, record)
    write_atomically(folder / PAGE, _page(folder, record, commands, keys))
    paths = [folder / SUMMARY, folder / PAGE]
    return (*paths, folder / MAP) if keys else tuple(paths)


def _shown(path: Path) -> str:
    """The path as commands name it: relative to the current folder, if it is inside."""
    current = Path.cwd()
    return str(path.relative_to(current) if path.is_relative_to(current) else path)


def _write_found(folder: Path, trials: Sequence[Trial]) -> list[Path]:
    """Copy the scenario files of the counterexamples, by rank; files of an earlier ranking are removed."""
    target = folder / FOUND
    files = [
        target / f"{rank:02d}-{Path(trial.file).stem}.yaml" for rank, trial in enumerate(trials, start=1)
    ]
    if files:
        make_folder(target)
    for old in target.glob("*.yaml"):
        if _FOUND_NAME.fullmatch(old.name) and old not in files:
            old.unlink()
    for file, trial in zip(files, trials, strict=True):
        copy_atomically(folder / trial.file, file)
    return files


def _write_map(folder: Path, record: SearchRecord) -> tuple[str, str] | None:
    """Write the map over the two most telling keys, and return them; None where there are too few."""
    keys = list(separations(record.trials))
    if len(keys) < 2:
        (folder / MAP).unlink(missing_ok=True)
        return None
    write_map(record.trials, (keys[0], keys[1]), record.setup.label, folder / MAP)
    return keys[0], keys[1]


def _page(folder: Path, record: SearchRecord, commands: Sequence[str], keys: tuple[str, str] | None) -> str:
    setup, found = record.setup, separations(record.trials)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("drive_stack.falsification", "."), autoescape=True, trim_blocks=True
    )
    cards = [
        _Card(
            rank,
            trial,
            [
                (key, value if isinstance(value, str) else f"{value:.4g}")
                for key, value in trial.values.items()
            ],
            command,
            _video(folder, record, trial) if rank <= MAX_VIDEOS else None,
        )
        for rank, (trial, command) in enumerate(zip(record.counterexamples, commands, strict=True), start=1)
    ]
    return environment.get_template("page.html.j2").render(
        title=f"Failures of {setup.label} on {setup.scenario}",
        subtitle=f"method {setup.method}, search seed {setup.random_seed}, seeds {setup.seeds[0]} to "
        f"{setup.seeds[1]}; {outcome_counts(record)}",
        headline=headline(record),
        map=base64.b64encode(read_regular(folder / MAP)).decode("ascii") if keys else "",
        map_keys=" and ".join(keys or ()),
        space=[
            (key, values, f"{found[key]:.2f}" if key in found else "–") for key, values in setup.space.items()
        ],
        found=cards,
    )


def _video(folder: Path, record: SearchRecord, trial: Trial) -> ClipVideo | None:
    scenario = str(folder / trial.file)
    return read_video(Clip.of(folder / CLIPS, record.setup.label, scenario, trial.seed).video)

"""The page's pairs of films: a failure, and next to it another driver on the same course and seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drive_stack.evaluation.abilities.assignment import ability_of
from drive_stack.evaluation.result import succeeded
from drive_stack.report.causes import RowId
from drive_stack.report.clip_videos import ClipVideo, read_video
from drive_stack.report.clips.clip_recorder import HOLD, Clip
from drive_stack.report.clips.counterpart import CounterpartFilm
from drive_stack.report.commands import race_command
from drive_stack.report.failures import describe_failure
from drive_stack.report.gallery import CLIPS, requirement
from drive_stack.report.heat import variant_name
from drive_stack.report.pairs import MAX_PAIRS, DrivePair, choose_pairs
from drive_stack.report.runs import Entry, Runs


@dataclass(frozen=True, slots=True)
class FilmSide:
    """One of the two films."""

    label: str
    description: str  # how the drive ended
    succeeded: bool
    video: ClipVideo


@dataclass(frozen=True, slots=True)
class PairFilms:
    """Two films of the same seconds, the failure first."""

    title: str  # of the course
    ability: str
    seed: int
    sides: tuple[FilmSide, FilmSide]
    why: str  # what would have averted the failure; empty where that is not known
    command: str
    requires: str  # what the command needs in addition to a clone; empty where it needs nothing
    after_s: float = HOLD  # how long the films go on after the failure [s]


def read_pairs(runs: Runs, sentences: Mapping[RowId, str]) -> list[PairFilms]:
    """The first `MAX_PAIRS` pairs of which both films exist.

    ``sentences`` say what would have averted a failure, where that is known.
    """
    shown: list[PairFilms] = []
    for pair in choose_pairs(runs):
        films = _read(pair, sentences)
        if films is not None:
            shown.append(films)
        if len(shown) == MAX_PAIRS:
            break
    return shown


def _read(pair: DrivePair, sentences: Mapping[RowId, str]) -> PairFilms | None:
    failed, other, folder = pair.failed, pair.other, pair.failed.run / CLIPS
    result, film = failed.row.result, CounterpartFilm.of(folder, pair.filmed)
    if not film.shows(pair.filmed):
        return None
    clip = Clip.of(folder, failed.label, result.scenario, result.seed)
    videos = read_video(clip.video), read_video(film.video)
    if videos[0] is None or videos[1] is None:
        return None
    needs = dict.fromkeys(need for entry in (failed, other) if (need := requirement(entry)))
    return PairFilms(
        title=variant_name(result.scenario),
        ability=ability_of(result.scenario).value,
        seed=result.seed,
        sides=(
            _side(failed, videos[0]),
            _side(other, videos[1]),
        ),
        why=sentences.get((failed.run, failed.number), ""),
        command=race_command(failed.driver, other.driver, result.scenario, result.seed),
        requires=" ".join(needs),
    )


def _side(entry: Entry, video: ClipVideo) -> FilmSide:
    result = entry.row.result
    completes = succeeded(result)
    description = "completes the course" if completes else describe_failure(result)
    return FilmSide(entry.row.label, description, completes, video)

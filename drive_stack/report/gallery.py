"""The failures: the video of each, its last moment, and the command that repeats it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from drive_stack.agent_spec import is_file, runs_code
from drive_stack.evaluation.result import succeeded
from drive_stack.report.causes import RowId
from drive_stack.report.clip_videos import ClipVideo, read_video
from drive_stack.report.clips.clip_recorder import Clip
from drive_stack.report.clips.last_moment import LastMoment
from drive_stack.report.commands import episode_command
from drive_stack.report.failures import describe_failure, outcome_of
from drive_stack.report.heat import course_keys, variant_name
from drive_stack.report.runs import Entry, Runs

CLIPS = "clips"
MAX_VIDEOS = 24  # of each driver, so that the page stays small enough to send

Drive: TypeAlias = tuple[str, str, int]  # label, scenario, seed


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure in the table."""

    label: str
    scenario: str
    title: str  # of the scenario
    keys: Sequence[str]  # of the rows of the heat map that count it
    seed: int
    outcome: str  # one of a few kinds
    description: str
    route: str
    score: str
    anchor: str  # of its card in the gallery, or else of its row in the table
    why: str  # what would have averted it; empty where that is not known


@dataclass(frozen=True, slots=True)
class Card:
    """A failure in the gallery."""

    failure: Failure
    command: str
    requires: str  # what the command needs in addition to a clone; empty where it needs nothing
    video: ClipVideo
    moment: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Gallery:
    """All failures of the runs, and the cards of those with a video."""

    cards: Sequence[Card]
    failures: Sequence[Failure]

    @property
    def anchors(self) -> Mapping[Drive, str]:
        """Where the page shows each failure."""
        return {(one.label, one.scenario, one.seed): one.anchor for one in self.failures}

    @property
    def outcomes(self) -> Sequence[str]:
        """The kinds of outcomes that occur."""
        return sorted({failure.outcome for failure in self.failures})

    @property
    def drivers(self) -> Sequence[str]:
        """The drivers that failed, in their order."""
        return list(dict.fromkeys(failure.label for failure in self.failures))


def failures_of(runs: Runs, sentences: Mapping[RowId, str] = MappingProxyType({})) -> Gallery:
    """All failures, and cards of the first `MAX_VIDEOS` failures of each driver that have a video.

    ``sentences`` say what would have averted them, where that is known.
    """
    cards: list[Card] = []
    failures: list[Failure] = []
    shown: dict[str, int] = {}
    for entry in runs.entries:
        result, label = entry.row.result, entry.row.label
        if succeeded(result):
            continue
        clip = Clip.of(entry.run / CLIPS, entry.label, result.scenario, result.seed)
        why = sentences.get((entry.run, entry.number), "")
        video = read_video(clip.video) if shown.get(label, 0) < MAX_VIDEOS else None
        anchor = f"failed-{len(failures) + 1}" if video is None else f"failure-{len(cards) + 1}"
        failures.append(_failure(entry, anchor, why))
        if video is not None:
            shown[label] = shown.get(label, 0) + 1
            command = episode_command(entry.driver, result.scenario, result.seed)
            requires = requirement(entry)
            cards.append(Card(failures[-1], command, requires, video, moment_items(clip.read_moment())))
    return Gallery(cards, failures)


def requirement(entry: Entry) -> str:
    """What must be there, in addition to a clone, for the command that repeats a drive; empty for nothing."""
    agent = entry.driver.agent
    return f"The command needs the driver {agent}." if is_file(agent) or runs_code(agent) else ""


def _failure(entry: Entry, anchor: str, why: str) -> Failure:
    result = entry.row.result
    return Failure(
        label=entry.row.label,
        scenario=result.scenario,
        title=variant_name(result.scenario),
        keys=course_keys(result.scenario),
        seed=result.seed,
        outcome=outcome_of(result),
        description=describe_failure(result),
        route=f"{100 * result.route_completion:.0f} %",
        score=f"{result.driving_score:.0f}",
        anchor=anchor,
        why=why,
    )


def moment_items(moment: LastMoment | None) -> list[tuple[str, str]]:
    """Names and values of what is shown of the last moment."""
    if moment is None:
        return []
    speed, limit = 3.6 * moment.speed_mps, 3.6 * moment.speed_limit_mps
    items = [
        ("time", f"{moment.time_s:.1f} s"),
        ("speed", f"{speed:.0f} km/h (limit {limit:.0f} km/h)"),
    ]
    if moment.grade_percent is not None:
        items.append(("grade", _grade_text(moment.grade_percent)))
    if moment.acceleration_mps2 is not None and moment.steering_deg is not None:
        control = f"acceleration {moment.acceleration_mps2:+.1f} m/s², steering {moment.steering_deg:+.2f}°"
        items.append(("control", control))
    if moment.behaviour is not None:
        items.append(("tracks", ", ".join([f"{moment.tracks} road users", *moment.notes])))
        items.append(("plan", f"{moment.behaviour}: {moment.reason}"))
    if moment.near:
        actor = moment.near[0]
        longitudinal = f"{abs(actor.ahead_m):.1f} m {'ahead' if actor.ahead_m >= 0.0 else 'behind'}"
        lateral = f"{abs(actor.left_m):.1f} m to the {'left' if actor.left_m >= 0.0 else 'right'}"
        items.append(("nearest actor", f"{actor.what} {longitudinal}, {lateral}"))
    return items


def _grade_text(percent: float) -> str:
    """A grade in words, such as "4.0 % uphill"."""
    if percent == 0.0:
        return "level"
    return f"{abs(percent):.1f} % {'uphill' if percent > 0.0 else 'downhill'}"

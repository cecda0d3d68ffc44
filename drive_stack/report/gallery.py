"""The failure gallery: the video of each failure, its last moment, and the command that repeats it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.report.causes import RowId
from drive_stack.report.clip_videos import ClipVideo, read_video
from drive_stack.report.clips.clip_recorder import Clip
from drive_stack.report.clips.last_moment import LastMoment
from drive_stack.report.commands import episode_command
from drive_stack.report.runs import Entry, Runs

CLIPS = "clips"
MAX_VIDEOS = 24  # of each driver, so that the page stays small enough to send


@dataclass(frozen=True, slots=True)
class Card:
    """A failure in the gallery."""

    title: str
    description: str
    command: str
    video: ClipVideo
    moment: Sequence[tuple[str, str]]
    why: str  # what would have averted it; empty where that is not known


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure in the table."""

    label: str
    scenario: str
    seed: int
    description: str
    route: str
    score: str
    anchor: str | None  # of its card in the gallery
    why: str  # what would have averted it; empty where that is not known


def describe_failure(result: EpisodeResult) -> str:
    """How an episode failed, as text."""
    if result.status is Status.ERROR:
        return "the driver failed: " + ((result.error or "").strip().splitlines() or [""])[-1]
    if result.collision_with is None:
        return {
            Status.OFF_ROAD: "left the road",
            Status.STUCK: "got stuck",
            Status.TIMEOUT: "ran out of time",
        }.get(result.status, result.status.value)
    speed = 3.6 * (result.impact_speed_mps or 0.0)
    text = f"{result.fault_reason or 'hit something'}, {speed:.0f} km/h"
    if not result.at_fault:
        return f"{text}; not at fault"
    if result.avoidable is not False:
        return text
    return f"{text}; not avoidable: {result.avoidable_reason or 'braking would have come too late'}"


def failures_of(
    runs: Runs, sentences: Mapping[RowId, str] = MappingProxyType({})
) -> tuple[list[Card], list[Failure]]:
    """Cards of the first `MAX_VIDEOS` failures of each driver that have a video, and all failures.

    ``sentences`` say what would have averted them, where that is known.
    """
    cards: list[Card] = []
    failures: list[Failure] = []
    shown: dict[str, int] = {}
    for entry in runs.entries:
        result = entry.row.result
        if succeeded(result):
            continue
        clip = Clip.of(entry.run / CLIPS, entry.label, result.scenario, result.seed)
        anchor, why = None, sentences.get((entry.run, entry.number), "")
        video = read_video(clip.video) if shown.get(entry.row.label, 0) < MAX_VIDEOS else None
        if video is not None:
            shown[entry.row.label] = shown.get(entry.row.label, 0) + 1
            cards.append(_card(entry, video, clip.read_moment(), why))
            anchor = f"failure-{len(cards)}"
        failures.append(
            Failure(
                label=entry.row.label,
                scenario=result.scenario,
                seed=result.seed,
                description=describe_failure(result),
                route=f"{100 * result.route_completion:.0f} %",
                score=f"{result.driving_score:.0f}",
                anchor=anchor,
                why=why,
            )
        )
    return cards, failures


def _card(entry: Entry, video: ClipVideo, moment: LastMoment | None, why: str) -> Card:
    result = entry.row.result
    return Card(
        title=f"{entry.row.label}: {result.scenario}, seed {result.seed}",
        description=describe_failure(result),
        command=episode_command(entry.driver, result.scenario, result.seed),
        video=video,
        moment=_moment_items(moment),
        why=why,
    )


def _moment_items(moment: LastMoment | None) -> list[tuple[str, str]]:
    """Names and values of what is shown of the last moment."""
    if moment is None:
        return []
    speed, limit = 3.6 * moment.speed_mps, 3.6 * moment.speed_limit_mps
    items = [
        ("time", f"{moment.time_s:.1f} s"),
        ("speed", f"{speed:.0f} km/h (limit {limit:.0f} km/h)"),
    ]
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

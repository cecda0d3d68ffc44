"""The failure gallery: each crash's film, what was known then, and the command that drives it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.report.clips.filming import Clip
from drive_stack.report.clips.last_moment import LastMoment
from drive_stack.report.commands import episode_command
from drive_stack.report.films import Film, read_film
from drive_stack.report.runs import Entry, Runs

CLIPS = "clips"
FILMS = 24  # of each driver's failures in the page, so that it stays small enough to send


@dataclass(frozen=True, slots=True)
class Card:
    """A failure in the gallery."""

    title: str
    what: str
    command: str
    film: Film
    moment: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure in the table."""

    label: str
    scenario: str
    seed: int
    what: str
    route: str
    score: str
    anchor: str | None


def what_happened(result: EpisodeResult) -> str:
    """How an episode failed, in words."""
    if result.status is Status.ERROR:
        return "the driver failed: " + ((result.error or "").strip().splitlines() or [""])[-1]
    if result.collision_with is None:
        return {
            Status.OFF_ROAD: "left the road",
            Status.STUCK: "stood for good",
            Status.TIMEOUT: "ran out of time",
        }.get(result.status, result.status.value)
    speed = 3.6 * (result.impact_speed_mps or 0.0)
    words = f"{result.fault_reason or 'hit something'}, {speed:.0f} km/h"
    if not result.at_fault:
        return f"{words}; not at fault"
    if result.avoidable is not False:
        return words
    return f"{words}; not avoidable: {result.avoidable_reason or 'braking would have come too late'}"


def failures_of(runs: Runs) -> tuple[list[Card], list[Failure]]:
    """Cards of the first of each driver's failures, and all of them for the table."""
    cards: list[Card] = []
    failures: list[Failure] = []
    shown: dict[str, int] = {}
    for entry in runs.entries:
        result = entry.row.result
        if succeeded(result):
            continue
        clip = Clip.of(entry.run / CLIPS, entry.label, result.scenario, result.seed)
        anchor = None
        film = read_film(clip.film) if shown.get(entry.row.label, 0) < FILMS else None
        if film is not None:
            shown[entry.row.label] = shown.get(entry.row.label, 0) + 1
            cards.append(_card(entry, film, clip.read_moment()))
            anchor = f"failure-{len(cards)}"
        failures.append(
            Failure(
                label=entry.row.label,
                scenario=result.scenario,
                seed=result.seed,
                what=what_happened(result),
                route=f"{100 * result.route_completion:.0f} %",
                score=f"{result.driving_score:.0f}",
                anchor=anchor,
            )
        )
    return cards, failures


def _card(entry: Entry, film: Film, moment: LastMoment | None) -> Card:
    result = entry.row.result
    return Card(
        title=f"{entry.row.label}: {result.scenario}, seed {result.seed}",
        what=what_happened(result),
        command=episode_command(entry.driver, result.scenario, result.seed),
        film=film,
        moment=_moment_words(moment),
    )


def _moment_words(moment: LastMoment | None) -> list[tuple[str, str]]:
    if moment is None:
        return []
    words = [
        (
            "at",
            f"{moment.time_s:.1f} s, {3.6 * moment.speed_mps:.0f} km/h of {3.6 * moment.speed_limit_mps:.0f}",
        )
    ]
    if moment.acceleration_mps2 is not None and moment.steering_deg is not None:
        words.append(("asked", f"{moment.acceleration_mps2:+.1f} m/s², {moment.steering_deg:+.2f}°"))
    if moment.behaviour is not None:
        words.append(("saw", ", ".join([f"{moment.tracks} road users", *moment.notes])))
        words.append(("decided", f"{moment.behaviour}: {moment.reason}"))
    if moment.near:
        one = moment.near[0]
        along = f"{abs(one.ahead_m):.1f} m {'ahead' if one.ahead_m >= 0.0 else 'behind'}"
        across = f"{abs(one.left_m):.1f} m to the {'left' if one.left_m >= 0.0 else 'right'}"
        words.append(("nearest", f"{one.what} {along}, {across}"))
    return words

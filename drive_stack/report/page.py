"""The report as one HTML page with everything inside; it needs no network and no script."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from drive_stack.evaluation.comparison import Comparison, Difference, p_words, verdict
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.summary import succeeded
from drive_stack.footage.filming import Clip
from drive_stack.footage.last_moment import LastMoment
from drive_stack.report.figures import distributions, forest_plot, paired_plot, stage_times
from drive_stack.report.runs import Entry, Runs
from drive_stack.report.tables import habit_table, headline_table, heat_table, scheme_table, signed
from drive_stack.whole_files import write_whole

CLIPS = "clips"
FILMS = 12  # of each driver's failures in the page, so that it stays small enough to send
_SECTIONS = (
    ("headline", "Headline"),
    ("difference", "Who is better, and where"),
    ("scenarios", "Scenarios"),
    ("schemes", "Published schemes"),
    ("spread", "How they drive"),
    ("timing", "Time"),
    ("failures", "Failures"),
    ("made", "How this was made"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """A failure in the gallery."""

    title: str
    what: str
    command: str
    film: str | None  # base64
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


@dataclass(frozen=True, slots=True)
class Compared:
    """Two drivers side by side."""

    first: str
    second: str
    words: str
    clear: str
    forest: str
    paired: str


def write_report(runs: Runs, path: Path) -> None:
    """Write the page, replaced whole; `ConfigError` where that fails."""
    write_whole(path, render(runs))


def render(runs: Runs) -> str:
    """The page."""
    comparison = Comparison(runs.rows, runs.labels)
    compared = [_compared(comparison, one) for one in comparison.differences()]
    gallery, failures = _failures(runs)
    timing = stage_times(comparison)
    there = {"difference": bool(compared), "timing": bool(timing)}
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("drive_stack.report", "."), autoescape=True, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        title="Drive Stack evaluation",
        subtitle=_subtitle(runs, comparison),
        verdict=verdict(comparison),
        sections=[(anchor, heading) for anchor, heading in _SECTIONS if there.get(anchor, True)],
        headline=headline_table(comparison),
        comparisons=compared,
        heat=heat_table(comparison),
        schemes=scheme_table(comparison),
        distributions=distributions(comparison),
        habits=habit_table(comparison),
        timing=timing,
        gallery=gallery,
        failures=failures,
        notes=_notes(runs),
    )


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
    return words if result.avoidable is not False else f"{words}; braking alone would not have avoided it"


def _subtitle(runs: Runs, comparison: Comparison) -> str:
    suites = dict.fromkeys(fact.suite for fact in runs.facts if fact is not None)
    seeds = [row.result.seed for row in runs.rows]
    span = f"seeds {min(seeds)}–{max(seeds)}"
    name = f"suite {', '.join(suites)}, " if suites else ""
    return f"{name}{len(comparison.scenarios)} courses, {span}, {len(runs.rows)} episodes"


def _compared(comparison: Comparison, one: Difference) -> Compared:
    scenarios = comparison.by_scenario(one.first, one.second)
    gap = one.success
    words = (
        f"On {one.courses} courses, {one.first} alone succeeded on {one.only_first}, {one.second} alone on "
        f"{one.only_second}: {signed(100 * gap.value, 1)} points of success for {one.first} "
        f"({signed(100 * gap.low, 1)} to {signed(100 * gap.high, 1)}; exact paired test p {p_words(one.p)}), "
        f"{signed(one.driving_score.value, 1)} points of driving score "
        f"({signed(one.driving_score.low, 1)} to {signed(one.driving_score.high, 1)})."
    )
    return Compared(
        first=one.first,
        second=one.second,
        words=words,
        clear=", ".join(found.scenario for found in scenarios if found.p < 0.05),
        forest=forest_plot(scenarios, one.first, one.second),
        paired=paired_plot(comparison, one.first, one.second),
    )


def _failures(runs: Runs) -> tuple[list[Card], list[Failure]]:
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
        if shown.get(entry.row.label, 0) < FILMS and clip.film.is_file():
            shown[entry.row.label] = shown.get(entry.row.label, 0) + 1
            cards.append(_card(entry, clip))
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


def _card(entry: Entry, clip: Clip) -> Card:
    result = entry.row.result
    return Card(
        title=f"{entry.row.label}: {result.scenario}, seed {result.seed}",
        what=what_happened(result),
        command=f"python run_sim.py replay {entry.run} --episode {entry.number}",
        film=base64.b64encode(clip.film.read_bytes()).decode("ascii"),
        moment=_moment_words(clip.read_moment()),
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
        words.append(("decided", f"{moment.behaviour}: {moment.reason}"))
    if moment.near:
        one = moment.near[0]
        words.append(("nearest", f"{one.what} {one.ahead_m:+.1f} m ahead, {one.left_m:+.1f} m left"))
    return words


def _notes(runs: Runs) -> list[str]:
    notes = list(runs.notes)
    for name, fact in zip(runs.names, runs.facts, strict=True):
        if fact is None:
            notes.append(f"{name}: rows without a run.json.")
            continue
        versions = ", ".join(f"{package} {version}" for package, version in fact.versions.items())
        notes.append(f"{name}: {versions}.")
    notes.append("Scores, rules and their sources: docs/evaluation.md.")
    return notes

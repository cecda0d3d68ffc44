"""The report as one HTML page with everything inside; it needs no network and no script."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jinja2

from drive_stack.evaluation.comparison import Comparison, Difference
from drive_stack.evaluation.verdict import SIGNIFICANT, verdict
from drive_stack.evaluation.wording import difference, p_words, points
from drive_stack.report.commands import run_command
from drive_stack.report.figures import distributions, forest_plot, paired_plot, stage_times
from drive_stack.report.gallery import failures_of
from drive_stack.report.offline import offline_of
from drive_stack.report.perception import read_perception
from drive_stack.report.runs import Runs, made_with
from drive_stack.report.tables import (
    HEADLINE_WORDS,
    PRIVILEGED_WORDS,
    habit_table,
    headline_table,
    heat_table,
    scheme_table,
)
from drive_stack.support.atomic_files import write_whole

_SECTIONS = (
    ("headline", "Headline"),
    ("difference", "Who is better, and where"),
    ("scenarios", "Scenarios"),
    ("schemes", "Published schemes"),
    ("spread", "How they drive"),
    ("perception", "Inside the pipeline"),
    ("offline", "Policies offline"),
    ("timing", "Time"),
    ("failures", "Failures"),
    ("made", "How this was made"),
)


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
    comparison = runs.comparison
    compared = [_compared(comparison, one.better_first()) for one in comparison.differences()]
    gallery, failures = failures_of(runs)
    perception, unread = read_perception(runs)
    offline, unread_too = offline_of(runs)
    timing = stage_times(comparison)
    there = {
        "difference": bool(compared),
        "perception": bool(perception),
        "offline": offline is not None,
        "timing": bool(timing),
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("drive_stack.report", "."), autoescape=True, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        title="Drive Stack evaluation",
        subtitle=_subtitle(runs, comparison),
        verdict=verdict(comparison),
        sections=[(anchor, heading) for anchor, heading in _SECTIONS if there.get(anchor, True)],
        headline=headline_table(comparison),
        headline_words=HEADLINE_WORDS,
        privileged_words=PRIVILEGED_WORDS,
        comparisons=compared,
        heat=heat_table(comparison),
        schemes=scheme_table(comparison),
        distributions=distributions(comparison),
        habits=habit_table(comparison),
        timing=timing,
        gallery=gallery,
        failures=failures,
        perception=perception,
        offline=offline,
        notes=[*_notes(runs), *unread, *unread_too],
    )


def _subtitle(runs: Runs, comparison: Comparison) -> str:
    suites = dict.fromkeys(fact.suite for fact in runs.facts if fact is not None)
    seeds = [row.result.seed for row in runs.rows]
    span = f"seeds {min(seeds)}–{max(seeds)}"
    name = f"suite {', '.join(suites)}, " if suites else ""
    episodes = f"{len(runs.rows)} episodes"
    return f"{name}{len(comparison.scenarios)} courses, {span}, {episodes}"


def _compared(comparison: Comparison, one: Difference) -> Compared:
    scenarios = comparison.by_scenario(one.first, one.second)
    success, score = points(one.success), difference(one.driving_score)
    words = (
        f"On {one.courses} courses, {one.first} alone succeeded on {one.only_first}, {one.second} alone on "
        f"{one.only_second}: {success.value} points of success for {one.first} "
        f"({success.interval}; exact paired test p {p_words(one.p)}), {score.value} points of driving score "
        f"({score.interval})."
    )
    if left_out := comparison.not_paired(one.first, one.second):
        words += f" Courses left out, since the two drove them in different worlds: {left_out}."
    return Compared(
        first=one.first,
        second=one.second,
        words=words,
        clear=", ".join(found.scenario for found in scenarios if found.p < SIGNIFICANT),
        forest=forest_plot(scenarios, one.first, one.second),
        paired=paired_plot(comparison, one.first, one.second),
    )


def _notes(runs: Runs) -> list[str]:
    notes = list(runs.notes)
    for name, folder, fact in zip(runs.names, runs.folders, runs.facts, strict=True):
        if fact is None:
            notes.append(f"{name}: rows without a run.json.")
        elif command := run_command(fact):
            notes.append(f"{name} was driven by, and is driven again by: {command}")
        versions = made_with(entry.row for entry in runs.entries if entry.run == folder)
        notes.append(f"{name}: {', '.join(f'{package} {told}' for package, told in versions.items())}.")
    notes.append("Scores, rules and their sources: docs/evaluation.md.")
    return notes

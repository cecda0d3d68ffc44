"""The report as one self-contained HTML page, which needs no network; it can be read without its script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2

from drive_stack.evaluation.comparison import Comparison, Difference, Part
from drive_stack.evaluation.estimate_text import format_difference, format_p, format_percent, format_points
from drive_stack.evaluation.result import EpisodeResult, succeeded
from drive_stack.evaluation.verdict import SIGNIFICANT
from drive_stack.report.causes import RowId, read_causes
from drive_stack.report.commands import run_command
from drive_stack.report.conclusion import conclude
from drive_stack.report.failures import describe_failure
from drive_stack.report.figures import Dot, distributions, forest_plot, paired_plot, stage_times
from drive_stack.report.gallery import Drive, failures_of
from drive_stack.report.heat import ending_table, failed_rows, heat_table, variant_name
from drive_stack.report.offline import read_offline
from drive_stack.report.pair_films import read_pairs
from drive_stack.report.perception import PERCEPTION_NOTE, read_perception
from drive_stack.report.runs import Runs, made_with
from drive_stack.report.scheme_agreement import scheme_agreement
from drive_stack.report.shifts import DROP_NOTE, drop_table, redraw_note, severity_plot
from drive_stack.report.tables import (
    HEADLINE_NOTE,
    PRIVILEGED_NOTE,
    habit_table,
    headline_table,
    scheme_table,
)
from drive_stack.support.atomic_files import write_atomically

_SECTIONS = (
    ("films", "Films"),
    ("headline", "Drivers"),
    ("abilities", "Abilities and scenarios"),
    ("shifts", "Shifts"),
    ("failures", "Failures"),
    ("schemes", "Published scores"),
    ("inside", "Inside the drivers"),
    ("provenance", "Provenance"),
)


@dataclass(frozen=True, slots=True)
class PairSection:
    """The comparison of two drivers: text and two figures as SVG."""

    heading: str
    text: str
    significant: str  # scenarios with a significant difference, as text
    forest: str
    paired: str


def write_report(runs: Runs, path: Path) -> None:
    """Write the page, replaced atomically.

    Raises:
        ConfigError: the file cannot be written.
    """
    write_atomically(path, render(runs))


def render(runs: Runs) -> str:
    """The HTML of the page; drivers of an unfinished run are not compared."""
    comparison, drops = runs.comparison, runs.drops
    causes, cause_notes = read_causes(runs)
    sentences: Mapping[RowId, str] = {} if causes is None else causes.sentences
    gallery, films = failures_of(runs, sentences), read_pairs(runs, sentences)
    perception, perception_notes = read_perception(runs)
    offline, offline_notes = read_offline(runs)
    heat = heat_table(comparison)
    present = {"films": bool(films), "shifts": bool(drops)}
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("drive_stack.report", "template"), autoescape=True, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        title="Drive Stack evaluation",
        subtitle=_subtitle(runs, comparison),
        conclusion=conclude(comparison, () if causes is None else causes.causes),
        sections=[(anchor, heading) for anchor, heading in _SECTIONS if present.get(anchor, True)],
        pairs_of_films=films,
        headline=headline_table(comparison),
        headline_note=HEADLINE_NOTE,
        privileged_note=PRIVILEGED_NOTE,
        pairs=_pair_sections(runs, gallery.anchors),
        drops=drop_table(drops, comparison.labels),
        drop_note=DROP_NOTE,
        redraws=redraw_note(runs.paired_worlds),
        severities=severity_plot(drops, comparison.labels),
        unfinished=runs.completeness.text,
        heat=heat,
        courses=failed_rows(heat),
        agreement=scheme_agreement(comparison),
        schemes=scheme_table(comparison),
        distributions=distributions(comparison),
        habits=habit_table(comparison),
        timing=stage_times(comparison),
        gallery=gallery,
        endings=ending_table(comparison),
        causes=causes,
        percent=format_percent,
        perception=perception,
        perception_note=PERCEPTION_NOTE,
        offline=offline,
        notes=[*_notes(runs), *perception_notes, *offline_notes, *cause_notes],
    )


def _subtitle(runs: Runs, comparison: Comparison) -> str:
    suites = dict.fromkeys(fact.suite for fact in runs.facts if fact is not None)
    replacements = {redraw.replacement for redraw in runs.paired_worlds.redraws}
    driven = [row.result.seed for row in runs.rows]
    seeds = [seed for seed in driven if seed not in replacements] or driven
    span = f"seeds {min(seeds)}–{max(seeds)}" if len(set(seeds)) > 1 else f"seed {seeds[0]}"
    name = f"suite {', '.join(suites)}, " if suites else ""
    episodes = f"{len(runs.rows)} episodes"
    return f"{name}{len(comparison.scenarios)} courses, {span}, {episodes}"


def _pair_sections(runs: Runs, anchors: Mapping[Drive, str]) -> list[PairSection]:
    """The comparisons of all pairs of drivers; none of an unfinished run."""
    if runs.completeness.text:
        return []
    return [
        _pair_section(part, difference.better_first(), anchors)
        for part in runs.comparison.parts
        for difference in part.comparison.differences()
    ]


def _pair_section(part: Part, difference: Difference, anchors: Mapping[Drive, str]) -> PairSection:
    comparison, first, second = part.comparison, difference.first, difference.second
    scenarios = comparison.by_scenario(first, second)
    success, score = format_points(difference.success), format_difference(difference.driving_score)
    text = (
        f"Both drove the same {difference.courses} courses. Only {first} succeeded on "
        f"{difference.only_first} of them, only {second} on {difference.only_second}. The success rate of "
        f"{first} differs by {success.value} percentage points ({success.interval}; exact paired test p "
        f"{format_p(difference.p)}), its driving score by {score.value} ({score.interval})."
    )
    if left_out := comparison.count_unpaired(first, second):
        text += f" Courses left out because the two drove them in different worlds: {left_out}."
    dots = [
        _dot((first, first_result), (second, second_result), anchors)
        for first_result, second_result in comparison.paired(first, second)
    ]
    return PairSection(
        heading=f"{first} compared with {second}" + (f" on {part.name}" if part.name else ""),
        text=text,
        significant=", ".join(scenario.scenario for scenario in scenarios if scenario.p < SIGNIFICANT),
        forest=forest_plot(scenarios, first, second),
        paired=paired_plot(dots, first, second),
    )


def _dot(
    first: tuple[str, EpisodeResult], second: tuple[str, EpisodeResult], anchors: Mapping[Drive, str]
) -> Dot:
    """The dot of a course that two drivers, each with its label, drove."""
    result = first[1]
    outcomes = "; ".join(
        f"{label}: {'completed' if succeeded(own) else describe_failure(own)}"
        for label, own in (first, second)
    )
    found = [
        anchor
        for label, own in (second, first)
        if (anchor := anchors.get((label, own.scenario, own.seed))) is not None
    ]
    return Dot(
        x=result.driving_score,
        y=second[1].driving_score,
        text=f"{variant_name(result.scenario)}, seed {result.seed}. {outcomes}",
        anchor=found[0] if found else "",
    )


def _notes(runs: Runs) -> list[str]:
    notes = list(runs.notes)
    for name, folder, fact in zip(runs.names, runs.folders, runs.facts, strict=True):
        if fact is None:
            notes.append(f"{name}: the folder has rows but no run.json.")
        elif command := run_command(fact):
            notes.append(f"{name} was made with, and is repeated by: {command}")
        versions = made_with(entry.row for entry in runs.entries if entry.run == folder)
        notes.append(f"{name}: {', '.join(f'{package} {version}' for package, version in versions.items())}.")
    notes.append("The scores, their rules and sources are described in docs/guides/evaluation.md.")
    return notes

"""The table of stages as numbers: a summary for each scenario and column, and one for each column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from drive_stack.app.stage_ablation.columns import COLUMNS, EXPERT, MODULAR
from drive_stack.app.stage_ablation.rescues import Failure, find_failures
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.result import EpisodeResult, succeeded
from drive_stack.evaluation.summary import Course, Summary, World, summarise_episodes, world_of


@dataclass(frozen=True, slots=True)
class StagesTable:
    """The numbers of the table."""

    labels: tuple[str, ...]  # columns that have rows
    scenarios: tuple[str, ...]
    cells: Mapping[tuple[str, str], Summary]  # scenario, label
    overall: Mapping[str, Summary]  # label
    worst: Mapping[str, float]  # label → lowest success of its scenarios
    gain: Mapping[str, float | None]  # label → success minus that of modular on the same courses
    failures: tuple[Failure, ...]  # of modular
    unequal_episodes: bool  # some column holds episodes that another one does not
    seeds: tuple[int, int]  # first and last
    outdated: int  # rows shown that were driven before a change to configuration, scenario or weights
    omitted: int  # rows not shown, because newer ones replace them
    code_versions: int  # versions of the code that drove the rows shown


def stages_table(rows: Sequence[Row], current: Collection[str], order: Sequence[str]) -> StagesTable:
    """Summarise at least one row; ``rows`` are in the order in which they were driven.

    For each scenario and column, the rows of one configuration count: of a ``current`` one (a set of
    configuration hashes) where there are any, otherwise of the one driven last. ``order`` is the order of the
    scenarios.
    """
    shown = _of_one_configuration(rows, current)
    drives: dict[str, dict[Course, EpisodeResult]] = defaultdict(dict)
    worlds: dict[Course, World] = {}
    for row in shown:
        course = row.result.scenario, row.result.seed
        drives[row.label][course] = row.result
        worlds[course] = world_of(row)
    labels = tuple(sorted(drives, key=lambda label: _sort_key(label, [column.label for column in COLUMNS])))
    names = {scenario for courses in drives.values() for scenario, _ in courses}
    scenarios = tuple(sorted(names, key=lambda name: _sort_key(name, order)))
    cells = _cells(drives, worlds)
    seeds = [row.result.seed for row in shown]
    return StagesTable(
        labels=labels,
        scenarios=scenarios,
        cells=cells,
        overall={
            label: summarise_episodes(
                [*drives[label].values()], drives.get(EXPERT), [worlds[course] for course in drives[label]]
            )
            for label in labels
        },
        worst={
            label: min(cell.success for (_, own), cell in cells.items() if own == label) for label in labels
        },
        gain={label: _gain(drives[label], drives.get(MODULAR, {})) for label in labels},
        failures=tuple(find_failures(drives, labels, scenarios)),
        unequal_episodes=len({frozenset(courses) for courses in drives.values()}) > 1,
        seeds=(min(seeds), max(seeds)),
        outdated=sum(row.config_hash not in current for row in shown),
        omitted=len(rows) - len(shown),
        code_versions=len({row.code_hash for row in shown}),
    )


def _cells(
    drives: Mapping[str, Mapping[Course, EpisodeResult]], worlds: Mapping[Course, World]
) -> dict[tuple[str, str], Summary]:
    groups: dict[tuple[str, str], list[EpisodeResult]] = defaultdict(list)
    for label, courses in drives.items():
        for (scenario, _), result in courses.items():
            groups[scenario, label].append(result)
    return {
        key: summarise_episodes(
            results, drives.get(EXPERT), [worlds[result.scenario, result.seed] for result in results]
        )
        for key, results in groups.items()
    }


def _gain(own: Mapping[Course, EpisodeResult], base: Mapping[Course, EpisodeResult]) -> float | None:
    """Success minus that of ``base`` on the courses of both; None for ``base`` itself, or without any."""
    shared = own.keys() & base.keys()
    if own is base or not shared:
        return None
    more = sum(succeeded(own[course]) - succeeded(base[course]) for course in shared)
    return more / len(shared)


def _of_one_configuration(rows: Sequence[Row], current: Collection[str]) -> list[Row]:
    chosen: dict[tuple[str, str], str] = {}
    for row in rows:
        cell = row.label, row.result.scenario
        if row.config_hash in current or chosen.get(cell) not in current:
            chosen[cell] = row.config_hash
    return [row for row in rows if chosen[row.label, row.result.scenario] == row.config_hash]


def _sort_key(name: str, order: Sequence[str]) -> tuple[int, str]:
    """Sort known names in their order, then the others by name."""
    return (order.index(name) if name in order else len(order)), name

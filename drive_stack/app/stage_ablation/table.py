"""The table of stages as numbers: one summary a scenario and column, one a column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from drive_stack.app.stage_ablation.columns import COLUMNS, EXPERT, MODULAR
from drive_stack.app.stage_ablation.rescues import Blame, blames
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.result import EpisodeResult, succeeded
from drive_stack.evaluation.summary import Course, Summary, World, summarise_episodes, world_of


@dataclass(frozen=True, slots=True)
class StagesTable:
    """What a folder of rows shows."""

    labels: tuple[str, ...]  # columns, those that have rows
    scenarios: tuple[str, ...]
    cells: Mapping[tuple[str, str], Summary]  # scenario, label
    overall: Mapping[str, Summary]  # label
    worst: Mapping[str, float]  # label → least success of any of its scenarios
    gain: Mapping[str, float | None]  # label → success less that of modular on the same courses
    failures: tuple[Blame, ...]  # of modular
    uneven: bool  # some column holds episodes that another does not
    seeds: tuple[int, int]  # first and last
    outdated: int  # rows shown that were driven before a change to configuration, scenario or weights
    left_out: int  # rows not shown, since newer ones stand for them
    codes: int  # states of the code that drove the rows shown


def stages_table(rows: Sequence[Row], current: Collection[str], order: Sequence[str]) -> StagesTable:
    """Summaries of at least one row, given in the order in which they were driven.

    For each scenario and column the rows of one configuration count: of the ``current`` one (hashes
    as they are now) where there are any, else of that driven last. ``order`` is that of the scenarios.
    """
    shown = _of_one_configuration(rows, current)
    drives: dict[str, dict[Course, EpisodeResult]] = defaultdict(dict)
    worlds: dict[Course, World] = {}
    for row in shown:
        course = row.result.scenario, row.result.seed
        drives[row.label][course] = row.result
        worlds[course] = world_of(row)
    labels = tuple(sorted(drives, key=lambda label: _place(label, [column.label for column in COLUMNS])))
    names = {scenario for courses in drives.values() for scenario, _ in courses}
    scenarios = tuple(sorted(names, key=lambda name: _place(name, order)))
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
        failures=tuple(blames(drives, labels, scenarios)),
        uneven=len({frozenset(courses) for courses in drives.values()}) > 1,
        seeds=(min(seeds), max(seeds)),
        outdated=sum(row.config_hash not in current for row in shown),
        left_out=len(rows) - len(shown),
        codes=len({row.code_hash for row in shown}),
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
            results, drives.get(EXPERT), [worlds[one.scenario, one.seed] for one in results]
        )
        for key, results in groups.items()
    }


def _gain(own: Mapping[Course, EpisodeResult], base: Mapping[Course, EpisodeResult]) -> float | None:
    """Share of successes more than ``base`` has, on the courses of both; None for itself, or without any."""
    shared = own.keys() & base.keys()
    if own is base or not shared:
        return None
    more = sum(succeeded(own[course]) - succeeded(base[course]) for course in shared)
    return more / len(shared)


def _of_one_configuration(rows: Sequence[Row], current: Collection[str]) -> list[Row]:
    chosen: dict[tuple[str, str], str] = {}
    for row in rows:
        place = row.label, row.result.scenario
        if row.config_hash in current or chosen.get(place) not in current:
            chosen[place] = row.config_hash
    return [row for row in rows if chosen[row.label, row.result.scenario] == row.config_hash]


def _place(name: str, order: Sequence[str]) -> tuple[int, str]:
    """Known names in their order, then the others by name."""
    return (order.index(name) if name in order else len(order)), name

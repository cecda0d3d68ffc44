"""The results of searches as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from drive_stack.falsification.outcome import Outcome, Trial
from drive_stack.falsification.record import SearchRecord

METHOD_NAMES = {"tpe": "tree-structured Parzen estimator", "random": "random"}
COMPARISON_HEADINGS = (
    "method",
    "search seed",
    "courses",
    "counterexamples",
    "first at course",
    "highest criticality",
)


def headline(record: SearchRecord) -> str:
    """The result of a search in one or two sentences."""
    setup, found = record.setup, len(record.counterexamples)
    driven = f"{len(record.trials)} courses of {setup.scenario}"
    if not found:
        return (
            f"{setup.label} fails on none of {driven} that the expert passes and a careful driver survives."
        )
    first = record.first_found
    return (
        f"{setup.label} fails on {found} of {driven} although the expert passes and a careful driver would "
        f"survive. The first one was course {first}."
    )


def outcome_counts(record: SearchRecord) -> str:
    """How many courses had each outcome, as text."""
    counts = {outcome: record.count(outcome) for outcome in Outcome}
    return ", ".join(f"{outcome.value} {count}" for outcome, count in counts.items() if count)


def values_text(trial: Trial) -> str:
    """The values of a course in one line."""
    return ", ".join(
        f"{key} {value if isinstance(value, str) else format(value, '.4g')}"
        for key, value in trial.values.items()
    )


def summary(record: SearchRecord, commands: Sequence[str]) -> str:
    """The content of ``search.md``; ``commands`` repeat the counterexamples, in their order."""
    setup = record.setup
    lines = [
        f"# Failures of {setup.label} on {setup.scenario}",
        "",
        headline(record),
        "",
        f"Method {setup.method}, search seed {setup.random_seed}, seeds {setup.seeds[0]} to "
        f"{setup.seeds[1]}; outcomes: {outcome_counts(record)}; {record.expert_episodes} episodes of the "
        "expert.",
        "",
        _markdown(("key", "values"), [(key, text) for key, text in setup.space.items()]),
    ]
    if record.counterexamples:
        lines += ["", "## Counterexamples", "", _counterexamples(record.counterexamples), "", "```sh"]
        lines += [*commands, "```"]
    return "\n".join(lines) + "\n"


def comparison_rows(records: Sequence[SearchRecord]) -> list[tuple[str, ...]]:
    """One row for each search, and means of each method that has several; see `COMPARISON_HEADINGS`."""
    rows = [_comparison_row(record) for record in records]
    for method in dict.fromkeys(record.setup.method for record in records):
        same = [record for record in records if record.setup.method == method]
        if len(same) > 1:
            rows.append(_mean_row(method, same))
    return rows


def comparison_table(records: Sequence[SearchRecord]) -> str:
    """The comparison as Markdown."""
    return _markdown(COMPARISON_HEADINGS, comparison_rows(records))


def _comparison_row(record: SearchRecord) -> tuple[str, ...]:
    setup = record.setup
    return (
        setup.method,
        str(setup.random_seed),
        str(len(record.trials)),
        str(len(record.counterexamples)),
        "–" if record.first_found is None else str(record.first_found),
        "–" if record.highest is None else f"{record.highest:.2f}",
    )


def _mean_row(method: str, records: Sequence[SearchRecord]) -> tuple[str, ...]:
    count = len(records)
    found = sum(len(record.counterexamples) for record in records) / count
    courses = sum(len(record.trials) for record in records) / count
    highest = [record.highest for record in records if record.highest is not None]
    mean = f"{sum(highest) / len(highest):.2f}" if highest else "–"
    firsts = [record.first_found for record in records]
    known = [first for first in firsts if first is not None]
    first = f"{sum(known) / count:.1f}" if len(known) == count else f"found by {len(known)} of {count}"
    return method, f"mean of {count}", f"{courses:.0f}", f"{found:.1f}", first, mean


def _counterexamples(trials: Sequence[Trial]) -> str:
    headings = ("rank", "course", "criticality", "braking demand", "what happens", "seed", "values")
    rows = [
        (
            str(rank),
            str(trial.number),
            f"{trial.criticality or 0.0:.2f}",
            f"{trial.demand:.2f}",
            trial.description,
            str(trial.seed),
            values_text(trial),
        )
        for rank, trial in enumerate(trials, start=1)
    ]
    return _markdown(headings, rows)


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

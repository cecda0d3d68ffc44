"""What ``evaluate --inside`` or ``run_sim.py perception --out RUN`` measured beside a run's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from drive_stack.config import first_problem
from drive_stack.evaluation.stage_errors.report import cell
from drive_stack.report.figures import Curve, distance_plot
from drive_stack.report.inside_files import PERCEPTIONS
from drive_stack.report.runs import Runs
from drive_stack.support.file_reading import read_text

STAGE = "stage"
DISTANCE, OF, ERROR = "distance m", "class", "range median %"
_ALL, _NEAR = "all", "0–60"  # rows that sum others up


class _Episode(BaseModel):
    scenario: str
    privileged: bool


class _Table(BaseModel):
    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]


class _Measured(BaseModel):
    """Of the file only what the page shows."""

    episodes: tuple[_Episode, ...]
    tables: tuple[_Table, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A table of the page, and its curves where it tells of range errors."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    figure: str


def perception_of(runs: Runs) -> tuple[list[Seen], list[str]]:
    """Tables of all runs that have any, and notes on files that cannot be read."""
    found: list[Seen] = []
    notes: list[str] = []
    for folder, run in zip(runs.folders, runs.names, strict=True):
        for path in sorted(folder.glob(PERCEPTIONS)):
            try:
                measured = _Measured.model_validate_json(read_text(path))
            except ValidationError as error:
                notes.append(f"{path}: {first_problem(error)}; left out.")
                continue
            except (OSError, ValueError) as error:
                notes.append(f"{path}: cannot be read: {error}; left out.")
                continue
            who = f"{run}, {path.stem.removeprefix('perception-')}" if "-" in path.stem else run
            found += [_seen(table, measured, who) for table in measured.tables if _told(table)]
    return found, notes


def _told(table: _Table) -> bool:
    """Whether it stands in the page, which has a place of its own for milliseconds."""
    return bool(table.rows) and STAGE not in table.columns


def _seen(table: _Table, measured: _Measured, run: str) -> Seen:
    scenarios = len({one.scenario for one in measured.episodes})
    told = f"{table.title} ({run}: {len(measured.episodes)} episodes of {scenarios} scenarios"
    told += ", some stages read the truth). " if any(one.privileged for one in measured.episodes) else "). "
    curves = _curves(table)
    title = f"{table.title} ({run}): median range error by distance"
    return Seen(
        caption=told + table.note,
        columns=table.columns,
        rows=[[cell(value) for value in row] for row in table.rows],
        figure=distance_plot(curves, title) if curves else "",
    )


def _curves(table: _Table) -> list[Curve]:
    """The range error of each class over bins of distance that follow on one another."""
    if not {OF, ERROR} <= set(table.columns):
        return []
    of, where, error = (table.columns.index(name) for name in (OF, DISTANCE, ERROR))
    points: dict[str, list[tuple[float, float]]] = {}
    for row in table.rows:
        value, span = row[error], str(row[where])
        if not isinstance(value, int | float) or row[of] == _ALL or span == _NEAR:
            continue
        low, _, high = span.partition("–")
        try:
            point = (float(low) + float(high)) / 2.0, float(value)
        except ValueError:
            continue  # no span of distances
        points.setdefault(str(row[of]), []).append(point)
    return [Curve(name, tuple(found)) for name, found in points.items()]

"""Stage tables that ``evaluate --inside`` or ``run_sim.py perception --out RUN`` wrote into a run folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from drive_stack.config import first_problem
from drive_stack.evaluation.stage_errors.report import cell_text
from drive_stack.evaluation.stage_errors.tables import CLASS, DISTANCE, RANGE_ERROR_MEDIAN, STAGE
from drive_stack.report.figures import Curve, distance_plot
from drive_stack.report.inside_files import PERCEPTIONS
from drive_stack.report.runs import Runs
from drive_stack.support.file_reading import read_text

PERCEPTION_NOTE = (
    "These figures are of frames that the driver itself meets in the closed loop, one drive of each course, "
    "every fifth frame for detection. Detections that the driver discards as too uncertain count as missing. "
    "AP50 on a model's card and in the documentation is of single frames of recorded drives, with every "
    "confidence. The two can differ by many points for the same network, and must not be compared; "
    "docs/drivers/perception.md says which figure is of which frames."
)
_ALL_CLASSES, _ALL_NEAR = "all", "0–60"  # rows that summarise others


class _Episode(BaseModel):
    scenario: str
    privileged: bool


class _Table(BaseModel):
    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]


class _PerceptionFile(BaseModel):
    """The parts of the file that the page shows."""

    episodes: tuple[_Episode, ...]
    tables: tuple[_Table, ...]


@dataclass(frozen=True, slots=True)
class PerceptionTable:
    """A table of the page; ``figure`` is an SVG where the table holds range errors, else empty."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    figure: str


def read_perception(runs: Runs) -> tuple[list[PerceptionTable], list[str]]:
    """Stage tables of all runs that have any, and notes on files that cannot be read."""
    tables: list[PerceptionTable] = []
    notes: list[str] = []
    for folder, run in zip(runs.folders, runs.names, strict=True):
        for path in sorted(folder.glob(PERCEPTIONS)):
            try:
                content = _PerceptionFile.model_validate_json(read_text(path))
            except ValidationError as error:
                notes.append(f"{path}: {first_problem(error)}; left out.")
                continue
            except (OSError, ValueError) as error:
                notes.append(f"{path}: cannot be read: {error}; left out.")
                continue
            source = f"{run}, {path.stem.removeprefix('perception-')}" if "-" in path.stem else run
            tables += [
                _page_table(table, content.episodes, source) for table in content.tables if _is_shown(table)
            ]
    return tables, notes


def _is_shown(table: _Table) -> bool:
    """Whether a table is shown; computing times have a section of their own."""
    return bool(table.rows) and STAGE not in table.columns


def _page_table(table: _Table, episodes: Sequence[_Episode], source: str) -> PerceptionTable:
    scenarios = len({episode.scenario for episode in episodes})
    caption = f"{table.title} ({source}: {len(episodes)} episodes of {scenarios} scenarios"
    caption += "; some stages read the truth). " if any(e.privileged for e in episodes) else "). "
    curves = _curves(table)
    title = f"{table.title} ({source}): median range error by distance"
    return PerceptionTable(
        caption=caption + table.note,
        columns=table.columns,
        rows=[[cell_text(value) for value in row] for row in table.rows],
        figure=distance_plot(curves, title) if curves else "",
    )


def _curves(table: _Table) -> list[Curve]:
    """The range error of each class by distance; rows that summarise others are left out."""
    if not {CLASS, RANGE_ERROR_MEDIAN} <= set(table.columns):
        return []
    class_column, distance_column, error_column = (
        table.columns.index(name) for name in (CLASS, DISTANCE, RANGE_ERROR_MEDIAN)
    )
    points: dict[str, list[tuple[float, float]]] = {}
    for row in table.rows:
        error, distances = row[error_column], str(row[distance_column])
        if not isinstance(error, int | float) or row[class_column] == _ALL_CLASSES or distances == _ALL_NEAR:
            continue
        low, _, high = distances.partition("–")
        try:
            point = (float(low) + float(high)) / 2.0, float(error)
        except ValueError:
            continue  # not a range of distances
        points.setdefault(str(row[class_column]), []).append(point)
    return [Curve(name, tuple(curve)) for name, curve in points.items()]

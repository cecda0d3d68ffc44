"""One driven episode with its provenance, as one line of JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from drive_stack.agent_errors import bounded_text, one_line
from drive_stack.config import first_problem
from drive_stack.escaping import visible
from drive_stack.evaluation.batch.row_ranges import check_ranges
from drive_stack.evaluation.batch.tasks import BatchTask, Key
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.support.file_reading import parse_json

MAX_ROW = 256 << 10  # maximum length in the file; typical rows have 5,000 [bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """An episode's result and its provenance. In the file, the fields of the result follow these fields."""

    label: str  # name of the agent in reports, such as a column of `stages`
    config_hash: str  # of agent, weights, scenario and version
    code_hash: str  # of the source code that drove it
    versions: Mapping[str, str]  # of the packages that drove it, see `run_facts.versions`
    lost: bool  # whether the worker process was killed or timed out, which the episode did not cause
    wall_s: float  # wall-clock time of the episode [s]
    result: EpisodeResult
    world: str = ""  # seeds the scenario's worlds; "" in rows older than the separate worlds of variants

    @property
    def key(self) -> Key:
        """Identifies this row; of several rows with the same key, the last one counts."""
        return self.config_hash, self.label, self.result.scenario, self.result.seed

    def to_json(self) -> str:
        """The row as one line of JSON."""
        fields = dataclasses.asdict(self)
        return json.dumps(fields | fields.pop("result"), allow_nan=False)

    @classmethod
    def from_json(cls, line: bytes) -> Row:
        """Read a line that `to_json` wrote.

        Raises:
            ValueError: for a line that is not a row or is longer than `MAX_ROW`, for a number outside its
                range (see `row_ranges`), and for text that cannot be written as UTF-8.
        """
        if len(line) > MAX_ROW:
            raise ValueError(f"{len(line):,} bytes, at most {MAX_ROW:,} are allowed")
        try:
            fields = parse_json(line.decode())
        except ValueError as error:
            raise ValueError(f"not valid JSON: {error}") from None
        if not isinstance(fields, dict):
            raise ValueError("not a JSON object")
        provenance = {key: fields.pop(key) for key in _PROVENANCE if key in fields}
        try:
            row = _ROW.validate_python(provenance | {"result": fields})
        except ValidationError as error:
            raise ValueError(first_problem(error).removeprefix("result.")) from None
        checked = dataclasses.asdict(row)
        check_ranges(checked | checked.pop("result"))
        return row


_ROW = TypeAdapter(Row)
_PROVENANCE = tuple(field.name for field in dataclasses.fields(Row) if field.name != "result")


def without_timings(rows: Iterable[Row]) -> dict[Key, Row]:
    """Return the rows by key, without measured times: equal whenever the same episodes are driven."""
    return {row.key: replace(row, wall_s=0.0, result=replace(row.result, stages_ms={})) for row in rows}


def readable_row(row: Row, task: BatchTask) -> Row:
    """Return ``row`` if it can be read back unchanged, otherwise a row with an error result that states why.

    Agents provide parts of a result. A row that cannot be read would stop every later run in its folder.
    """
    row = replace(row, result=_with_short_error(row.result))
    try:
        if Row.from_json(row.to_json().encode()) != row:
            raise ValueError("it is read back with other values")
    except (TypeError, ValueError, RecursionError) as error:
        return replace(row, result=error_result(task, f"the result cannot be kept: {one_line(str(error))}"))
    return row


def _with_short_error(result: EpisodeResult) -> EpisodeResult:
    return result if result.error is None else replace(result, error=bounded_text(result.error))


def error_result(task: BatchTask, error: str) -> EpisodeResult:
    """Return the result of an episode that could not be driven."""
    return EpisodeResult(
        agent=task.agent,
        privileged=task.privileged,
        scenario=task.scenario,
        seed=task.seed,
        status=Status.ERROR,
        collision_with=None,
        at_fault=None,
        fault_reason=None,
        impact_speed_mps=None,
        route_completion=0.0,
        distance_m=0.0,
        duration_s=0.0,
        mean_speed_mps=0.0,
        min_ttc_s=None,
        comfort=0.0,
        off_lane=0.0,
        driving_score=0.0,
        clamped_actions=0,
        error=bounded_text(error),
    )


def failure_line(row: Row) -> str:
    """Describe an error in one line: the episode and the last line of the traceback."""
    lines = (row.result.error or "").strip().splitlines() or [""]
    return visible(f"{row.label} on {row.result.scenario} {row.result.seed}: {lines[-1]}")

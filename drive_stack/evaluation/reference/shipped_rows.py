"""The file of the expert's rows that comes with the program: JSON lines, compressed by LZMA."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drive_stack.config import read_error
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.support.compressed_lines import read_lines, write_lines
from drive_stack.support.file_reading import parse_json

PATH = Path(__file__).with_name("expert.jsonl.xz")


@dataclass(frozen=True, slots=True)
class ShippedRow:
    """A row without timings, with the hash of the code that determined it (see `drive_hash`)."""

    drive_hash: str
    row: Row


def read_shipped(path: Path = PATH) -> list[ShippedRow]:
    """Read all rows; an empty list where there is no such file.

    Raises:
        ConfigError: the file cannot be read, or is not what `write_shipped` writes.
    """
    try:
        return [_read_line(line) for line in read_lines(path)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None


def write_shipped(shipped: Iterable[ShippedRow], path: Path = PATH) -> None:
    """Replace the file atomically; the rows are sorted, so that equal rows give an equal file.

    Raises:
        ConfigError: the file cannot be written.
    """
    ordered = sorted(shipped, key=lambda each: (each.row.result.scenario, each.row.result.seed, each.row.key))
    write_lines(
        path,
        (
            json.dumps({"drive_hash": each.drive_hash, "row": json.loads(each.row.to_json())})
            for each in ordered
        ),
    )


def shippable(row: Row) -> Row | None:
    """The row without timings, which are those of one machine; None for a drive that failed."""
    if row.lost or row.result.error is not None:
        return None
    return replace(row, wall_s=0.0, result=replace(row.result, stages_ms={}))


def fitting_rows(shipped: Iterable[ShippedRow], tasks: Sequence[BatchTask], drive_hash: str) -> list[Row]:
    """The shipped rows of the tasks, in their order, whose configuration and code are the present ones."""
    rows = {each.row.key: each.row for each in shipped if each.drive_hash == drive_hash}
    return [rows[task.key] for task in tasks if task.key in rows]


def _read_line(line: bytes) -> ShippedRow:
    content = parse_json(line.decode())
    if not isinstance(content, dict) or not isinstance(content.get("drive_hash"), str):
        raise ValueError("a line is not a row of the expert")
    return ShippedRow(content["drive_hash"], Row.from_json(json.dumps(content.get("row")).encode()))

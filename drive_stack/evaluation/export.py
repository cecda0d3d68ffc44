"""Exports rows for other programs as one table, in CSV and Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from drive_stack.escaping import csv_text
from drive_stack.evaluation.batch.rows import Row
from drive_stack.support.atomic_files import atomic_file

Records = Sequence[Mapping[str, object]]


def export(rows: Sequence[Row], folder: Path) -> tuple[Path, ...]:
    """Write ``rows.csv`` and, where pyarrow is installed, ``rows.parquet``, each replaced atomically.

    Nested fields become columns such as ``scores.carla_2_0.total``.

    Returns:
        The paths of the files.

    Raises:
        ConfigError: a file cannot be written.
    """
    records = [dict(_flat(_named(row))) for row in rows]
    names = list(dict.fromkeys(name for record in records for name in record))
    text, parquet = folder / "rows.csv", folder / "rows.parquet"
    with atomic_file(text) as part:
        _write_csv(records, names, part)
    if find_spec("pyarrow") is None:
        return (text,)
    with atomic_file(parquet) as part:
        _write_parquet(records, names, part)
    return text, parquet


def _write_csv(records: Records, names: Sequence[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow([csv_text(name) for name in names])
        writer.writerows([[_cell(record.get(name)) for name in names] for record in records])


def _cell(value: object) -> object:
    """A cell as spreadsheets read it: texts that they would evaluate as formulas are escaped."""
    if isinstance(value, bool):
        return str(value).lower()
    return csv_text(value) if isinstance(value, str) else value


def _write_parquet(records: Records, names: Sequence[str], path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 - an optional dependency
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = pa.table({name: [record.get(name) for record in records] for name in names})
    pq.write_table(table, path, compression="zstd")


def _named(row: Row) -> dict[str, object]:
    """A row's fields as the exported table names them: ``agent`` is the label, ``driver`` its source."""
    fields = json.loads(row.to_json())
    fields["agent"], fields["driver"] = fields.pop("label"), fields["agent"]
    return {"agent": fields.pop("agent"), **fields}


def _flat(fields: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, json.dumps(value)
        else:
            yield prefix + name, value

"""Exports rows for other programs as one table, in Parquet and CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from drive_stack.escaping import csv_text
from drive_stack.evaluation.batch.rows import Row
from drive_stack.support.atomic_files import atomic_file


def table_of(rows: Sequence[Row]) -> pa.Table:
    """A table with one line per row; nested fields become columns such as ``scores.carla_2_0.total``."""
    records = [dict(_flat(_named(row))) for row in rows]
    names = dict.fromkeys(name for record in records for name in record)
    return pa.table({name: [record.get(name) for record in records] for name in names})


def export(rows: Sequence[Row], folder: Path) -> tuple[Path, Path]:
    """Write ``rows.parquet`` and ``rows.csv``, each replaced atomically.

    Raises:
        ConfigError: a file cannot be written.
    """
    table = table_of(rows)
    parquet, text = folder / "rows.parquet", folder / "rows.csv"
    with atomic_file(parquet) as part:
        pq.write_table(table, part, compression="zstd")
    with atomic_file(text) as part:
        pyarrow.csv.write_csv(_escaped(table), part)
    return parquet, text


def _escaped(table: pa.Table) -> pa.Table:
    """The table with all texts escaped that a spreadsheet would evaluate as formulas."""
    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            texts = [None if text is None else csv_text(text) for text in table.column(index).to_pylist()]
            table = table.set_column(index, field, pa.array(texts, pa.string()))
    return table.rename_columns([csv_text(name) for name in table.column_names])


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

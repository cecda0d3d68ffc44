"""Takes the expert's drives that come with the program, where they fit, in place of driving them again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.batch.row_file import RowFile
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.reference.drive_code import drive_hash
from drive_stack.evaluation.reference.shipped_rows import PATH, fitting_rows, read_shipped


def add_shipped_rows(
    tasks: Sequence[BatchTask],
    file: RowFile,
    options: DrivingOptions,
    code: str,
    packages: Sequence[Path],
    path: Path = PATH,
) -> None:
    """Append the shipped rows of those tasks that have no row yet, and print how many there are.

    They get the hash of the present code: what it differs in from the code that drove them does not matter to
    a drive, and the present code would write the same rows.

    Args:
        tasks: The expert's episodes.
        file: Receives the rows.
        options: What counts as missing. With ``this_code`` only rows that this very code drove are taken.
        code: Hash of the present source code, see `source_hash`.
        packages: Folders of the source code, for `drive_hash`.
        path: File of the shipped rows.

    Raises:
        ConfigError: the shipped rows cannot be read, or rows cannot be written.
    """
    missing = options.missing(tasks, file, code)
    shipped = read_shipped(path) if missing else []
    rows = fitting_rows(shipped, missing, drive_hash(packages)) if shipped else []
    rows = [row for row in rows if not options.this_code or row.code_hash == code]
    for row in rows:
        file.append(replace(row, code_hash=code))
    if rows:
        print(
            f"the expert's drives: {len(rows)} of {len(missing)} come with the program, "
            f"{len(missing) - len(rows)} to drive",
            file=sys.stderr,
        )

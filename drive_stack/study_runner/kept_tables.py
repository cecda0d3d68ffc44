"""The two tables of a study: written after each driver, and never over those of another plan or phase."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drive_stack.config import read_error
from drive_stack.errors import ConfigError
from drive_stack.seeds import SeedSplit, split_of
from drive_stack.study.config import Phase, StudyPlan
from drive_stack.study.records import DriveRow, TrainingRow
from drive_stack.study.tables import read_table, write_table
from drive_stack.study_runner.folder import StudyFolder
from drive_stack.study_runner.pool import MAX_BYTES
from drive_stack.support.atomic_files import make_folder
from drive_stack.support.file_reading import read_json

_PHASES = {SeedSplit.VALIDATION: Phase.PILOT, SeedSplit.TEST: Phase.FINAL}  # whose courses have these seeds


@dataclass(frozen=True, slots=True)
class StudyTables:
    """The tables of trainings and drives.

    ``drives.parquet`` holds the drives of the plan's phase, from which the report is made. Those of the other
    phase lie next to it, in ``drives-pilot.parquet`` or ``drives-final.parquet``.
    """

    plan: StudyPlan
    folder: StudyFolder

    def check_plan(self) -> None:
        """Raise `ConfigError` if the folder holds the tables of another plan."""
        path = self.folder.pool
        try:
            content = read_json(path, MAX_BYTES)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise read_error(path, error) from None
        name = content.get("plan", "") if isinstance(content, dict) else ""
        if name not in ("", self.plan.name):
            raise ConfigError(
                f"{self.folder.tables}: holds the tables of the plan '{name}', not of '{self.plan.name}'; "
                "use another --tables"
            )

    def write_trainings(self, rows: Iterable[TrainingRow]) -> None:
        """Write the table of all finished trainings."""
        make_folder(self.folder.tables)
        write_table(self.folder.table("trainings"), list(rows), TrainingRow)

    def write_drives(self, rows: Iterable[DriveRow]) -> None:
        """Write the drives of the plan's phase; rows of the other phase in the table are kept apart."""
        path = self.folder.table("drives")
        make_folder(path.parent)
        former = read_table(path, DriveRow) if path.exists() else []
        others = [row for row in former if phase_of(row) is not self.plan.phase]
        for phase in {phase_of(row) for row in others}:
            target = self.folder.table(f"drives-{phase.value}")
            kept = read_table(target, DriveRow) if target.exists() else []
            by_drive = {(row.training, row.suite, row.course): row for row in (*kept, *others)}
            write_table(target, list(by_drive.values()), DriveRow)
        write_table(path, list(rows), DriveRow)

    def read_drives(self) -> list[DriveRow]:
        """The kept drives of the plan's phase."""
        paths = [self.folder.table(name) for name in (f"drives-{self.plan.phase.value}", "drives")]
        rows = [row for path in paths if path.exists() for row in read_table(path, DriveRow)]
        by_drive = {
            (row.training, row.suite, row.course): row for row in rows if phase_of(row) is self.plan.phase
        }
        return list(by_drive.values())


def phase_of(row: DriveRow) -> Phase:
    """The phase whose courses a drive is of."""
    return _PHASES.get(split_of(row.seed), Phase.PILOT)

"""Puts the rows of kept tables back into an empty folder of work, as if they had been made there."""

from __future__ import annotations

from collections.abc import Sequence

from drive_stack.study.config import StudyPlan
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow
from drive_stack.study.tables import read_table, write_table
from drive_stack.study_runner.driving import DRIVES, course_runs, is_planned, reference
from drive_stack.study_runner.folder import StudyFolder
from drive_stack.study_runner.kept_tables import StudyTables
from drive_stack.study_runner.training import write_training_row
from drive_stack.support.atomic_files import make_folder


def restore_finished(plan: StudyPlan, folder: StudyFolder) -> int:
    """Restore trainings and references whose drives are kept; returns the number of restored trainings.

    A training without drives is not restored: its networks are not kept, so that it has to be trained again.

    Raises:
        ConfigError: a table cannot be read, or a file cannot be written.
    """
    trainings = folder.table("trainings")
    driven = StudyTables(plan, folder).read_drives()
    if not (trainings.exists() and driven):
        return 0
    for name in plan.references:
        _restore_drives(plan, folder, reference(name), driven)
    restored = 0
    for row in read_table(trainings, TrainingRow):
        if not folder.training(row.id).exists() and _restore_drives(plan, folder, row.id, driven):
            write_training_row(folder, row)
            restored += 1
    return restored


def _restore_drives(
    plan: StudyPlan, folder: StudyFolder, training: TrainingId, drives: Sequence[DriveRow]
) -> bool:
    """Write the drives of a driver in each of its runs; False, and nothing, if those of one are not kept."""
    own = {
        run.name: [
            row
            for row in drives
            if row.training == training and is_planned(row, plan.courses_of(training.arm, run.courses))
        ]
        for run in course_runs(plan)
        if run.has(training)
    }
    if not all(own.values()):
        return False
    for run, rows in own.items():
        path = folder.courses(run, training) / DRIVES
        if not path.exists():
            make_folder(path.parent)
            write_table(path, rows, DriveRow)
    return True

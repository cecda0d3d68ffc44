"""The kept weights by which reference students drive, and what they were made from."""

from __future__ import annotations

import hashlib
from pathlib import Path

from drive_stack.config import read_error
from drive_stack.errors import ConfigError
from drive_stack.study.config import StudyPlan
from drive_stack.study.subsets import Subset
from drive_stack.study_runner.pool import pool_settings
from drive_stack.support.atomic_files import copy_atomically, make_folder, write_atomically

ORIGIN = "origin.txt"  # next to the weights


def origin_of_student(plan: StudyPlan, subset: Subset, settings: str) -> str:
    """Hash of what a student's weights follow from.

    Args:
        plan: its pool counts.
        subset: the episodes that the student learns from.
        settings: of its network, see `NetworkTraining.settings`.
    """
    episodes = [f"{episode.part}/{episode.file} {episode.rows}" for episode in subset.episodes]
    return hashlib.sha256("\n".join([pool_settings(plan), settings, *episodes]).encode()).hexdigest()


def keep_weights(trained: Path, kept: Path, origin: str) -> None:
    """Copy the files of a policy with their cards and their origin; the trunk comes last.

    Raises:
        ConfigError: a file cannot be written.
    """
    make_folder(kept.parent)
    write_atomically(kept.with_name(ORIGIN), origin + "\n")
    files = [path for path in trained.parent.glob("policy.*") if path.suffix in (".onnx", ".json")]
    for path in sorted(files, key=lambda path: path == trained):
        copy_atomically(path, kept.with_name(path.name))


def check_origin(kept: Path, origin: str) -> None:
    """Raise `ConfigError` if kept weights were made from something else, or if that is not known."""
    path = kept.with_name(ORIGIN)
    try:
        found = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        found = ""
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    if found != origin:
        raise ConfigError(
            f"{kept.parent}: weights of another pool, other episodes or other settings of the network; "
            "restore those, or use another --tables"
        )

"""Which source files determine a recorded drive and its images, and a hash of their code."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from drive_stack.evaluation.reference.drive_code import DETERMINING, hash_code
from drive_stack.support.layout import SOURCES

# What scores a drive does not change its recording.
_DRIVING = tuple(part for part in DETERMINING["drive_stack"] if not part.startswith("evaluation/"))
RECORDING: Mapping[str, Sequence[str]] = {
    "drive_stack": (
        *_DRIVING, "datasets/columns.py", "datasets/drives", "datasets/frames", "datasets/shards.py",
        "direct_perception", "evaluation/batch/drive.py", "evaluation/detection/truth.py",
        "evaluation/rollout.py", "learning/lanes/line_views.py", "learning/lanes/truth.py", "monitoring",
        "perception", "policy", "prediction", "runtime", "support/jpeg.py", "tracking",
    ),
    "envs": (".",),
    "agents": (".",),
}  # fmt: skip


@functools.cache
def recording_hash(packages: tuple[Path, ...] = SOURCES) -> str:
    """The hash of the code that drives, draws and records.

    ``packages`` are the folders of `drive_stack`, `envs` and `agents`. Comments, docstrings and empty lines
    do not count.
    """
    return hash_code(packages, RECORDING)

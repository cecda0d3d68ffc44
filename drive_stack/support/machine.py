"""The machine that a measurement was made on, in words."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path


def describe_machine() -> str:
    """Describe the processor, the number of usable cores, and the version of Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{processor_name()}, {cores} cores, Python {platform.python_version()}"


def processor_name() -> str:
    """The model of the processor, such as "AMD EPYC 7B13"."""
    try:
        lines: Sequence[str] = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = ()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()

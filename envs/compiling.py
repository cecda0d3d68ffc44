"""Tells the user why the first episode on a machine starts slowly: numba compiles its kernels once."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from .traffic.stepping import step_all

COMPILATION_NOTICE = (
    "compiling traffic, contact detection and rendering for this machine, once: about ten seconds"
)
_LOG = logging.getLogger(__package__)


@cache
def log_compilation() -> None:
    """Log a notice, once per process, if the kernels are neither loaded nor in numba's cache."""
    if step_all.signatures:
        return
    index = f"{Path(step_all.py_func.__code__.co_filename).stem}.{step_all.__name__}-*.nbi"
    if not any(Path(step_all.stats.cache_path).glob(index)):
        _LOG.warning(COMPILATION_NOTICE)

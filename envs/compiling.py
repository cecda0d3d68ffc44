"""Tells a first-time user why the first episode takes its time: kernels are compiled, once."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from envs.traffic.stepping import step_all

NOTICE = "compiling traffic, hit tests and pictures for this machine, once: about ten seconds"
_LOG = logging.getLogger("envs")


@cache
def tell_of_compiling() -> None:
    """Say so, once, where this process has not loaded the kernels and no cache of them is found."""
    if step_all.signatures:
        return
    index = f"{Path(step_all.py_func.__code__.co_filename).stem}.{step_all.__name__}-*.nbi"
    if not any(Path(step_all.stats.cache_path).glob(index)):
        _LOG.warning(NOTICE)

"""Prevents libraries from sending telemetry and from writing files to the home directory.

`drive_stack` calls `opt_out` when it is imported, before any of these libraries is imported.
docs/development/security.md lists what each library would do.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime: a device identifier and a database of events
    "RAY_USAGE_STATS_ENABLED": "0",
}
_OPENVINO_TELEMETRY = "openvino_telemetry"


def cache_folder() -> Path:
    """Return the only folder outside the project to which files are written without a request by the user."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "drive-stack"


def opt_out() -> None:
    """Set each library's documented switch, unless the environment says otherwise."""
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    if not os.access(Path(__file__).parent, os.W_OK):  # numba would store compiled code there
        os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder() / "numba"))


def use_matplotlib_cache() -> None:
    """Set the folder of matplotlib's font list to the cache. Call this before matplotlib is imported."""
    os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))


@contextmanager
def without_openvino_telemetry() -> Iterator[None]:
    """Import OpenVINO within this context: without its telemetry package it sends nothing.

    OpenVINO has no documented switch for its telemetry.
    """
    before = sys.modules.get(_OPENVINO_TELEMETRY)
    sys.modules[_OPENVINO_TELEMETRY] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[_OPENVINO_TELEMETRY]
        if before is not None:
            sys.modules[_OPENVINO_TELEMETRY] = before

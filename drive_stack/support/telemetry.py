"""Keeps the libraries in use from reporting to anybody, and from leaving files in the home directory.

`drive_stack` calls `opt_out` when it is imported, so before any of these libraries is. docs/security.md lists
what each would do.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime: a device's identifier and a database of events
    "RAY_USAGE_STATS_ENABLED": "0",
}
_OPENVINO_TELEMETRY = "openvino_telemetry"


def cache_folder() -> Path:
    """The only folder outside the project that is written to unasked."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "drive-stack"


def opt_out() -> None:
    """Set each library's documented switch, unless the environment says otherwise."""
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    if not os.access(Path(__file__).parent, os.W_OK):  # where numba would keep compiled code
        os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder() / "numba"))


def keep_figures_cache() -> None:
    """Let matplotlib keep its list of fonts in our cache; to be called before matplotlib is imported."""
    os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))


@contextmanager
def without_openvino_telemetry() -> Iterator[None]:
    """OpenVINO has no switch. Where it cannot import its telemetry package, it does without."""
    before = sys.modules.get(_OPENVINO_TELEMETRY)
    sys.modules[_OPENVINO_TELEMETRY] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[_OPENVINO_TELEMETRY]
        if before is not None:
            sys.modules[_OPENVINO_TELEMETRY] = before

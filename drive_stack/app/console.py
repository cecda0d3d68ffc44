"""The console command ``drive-stack``, which is the command line of ``run_sim.py``."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import cast

from drive_stack.support.layout import module_name


def main() -> int:
    """Run the command line; returns the exit status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # as in run_sim.py: importing takes seconds
    sys.path.append(str(Path.cwd()))  # agents of one's own are in the current folder
    return cast(int, import_module(module_name("run_sim")).main())

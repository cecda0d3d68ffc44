"""The notice that explains the first wait is logged only while no kernel is compiled."""

import os
import subprocess
import sys
from pathlib import Path

from envs.compiling import COMPILATION_NOTICE

ROOT = Path(__file__).resolve().parents[2]
LOG_TWICE = """
from envs.compiling import log_compilation
from envs.traffic.stepping import step_all
log_compilation()
log_compilation()
print(step_all.stats.cache_path)
"""


def log_in_new_process(cache: Path) -> subprocess.CompletedProcess[str]:
    """Run a new process that asks twice for the notice, with its kernels cached in ``cache``."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", LOG_TWICE]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)


def test_the_notice_is_logged_once_for_an_empty_cache_and_not_for_a_full_one(tmp_path: Path) -> None:
    first = log_in_new_process(tmp_path)
    assert first.stderr.count(COMPILATION_NOTICE) == 1
    kernels = Path(first.stdout.strip())
    kernels.mkdir(parents=True, exist_ok=True)
    (kernels / "stepping.step_all-1.py3.nbi").touch()
    assert COMPILATION_NOTICE not in log_in_new_process(tmp_path).stderr

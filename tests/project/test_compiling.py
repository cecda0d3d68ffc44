"""The line that explains the first wait: said where nothing is compiled yet, and only there."""

import os
import subprocess
import sys
from pathlib import Path

from envs.compiling import COMPILATION_NOTICE

ROOT = Path(__file__).resolve().parents[2]
TELL = """
from envs.compiling import log_compilation
from envs.traffic.stepping import step_all
log_compilation()
log_compilation()
print(step_all.stats.cache_path)
"""


def tell(cache: Path) -> subprocess.CompletedProcess[str]:
    """What a new process says that keeps its kernels in ``cache``."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", TELL]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)


def test_it_is_said_where_the_cache_is_empty_and_not_where_it_is_full(tmp_path: Path) -> None:
    first = tell(tmp_path)
    assert first.stderr.count(COMPILATION_NOTICE) == 1
    kernels = Path(first.stdout.strip())
    kernels.mkdir(parents=True, exist_ok=True)
    (kernels / "stepping.step_all-1.py3.nbi").touch()
    assert COMPILATION_NOTICE not in tell(tmp_path).stderr

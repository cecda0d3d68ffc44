"""A kernel is compiled again when something that it uses has changed, and only then."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from drive_stack.support.kernels import fingerprint, kernel

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "limits.py": "LARGEST = 10\nTABLE = (1.0, 2.0)\n",
    "helpers.py": """
from numba.extending import register_jitable

@register_jitable
def raised(x):
    return x + 1
""",
    "kernels.py": """
import numpy as np
from drive_stack.support.kernels import kernel
from helpers import raised
from limits import LARGEST, TABLE

@kernel()
def outer(x):
    return min(later(x), LARGEST) + TABLE[0]

@kernel()
def later(x):
    return raised(x) * 2
""",
    "callers.py": """
from drive_stack.support.kernels import kernel
from kernels import outer

@kernel()
def caller(x):
    return outer(x)
""",
}
RUN = """
import logging
from envs.compiling import log_compilation
from callers import caller
log_compilation()
print(caller(1))
"""


def run(folder: Path) -> tuple[float, bool]:
    """What `caller` returns in a new process, and whether the process compiled anything."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(folder)])
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # a changed file may be as old and as long as before
    command = [sys.executable, "-c", RUN]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout), "compiling" in done.stderr


@pytest.mark.parametrize(
    ("changed", "old", "new", "expected"),
    [
        ("helpers.py", "x + 1", "x + 2", 7.0),
        ("limits.py", "LARGEST = 10", "LARGEST = 3", 4.0),
        ("limits.py", "1.0, 2.0", "4.0, 2.0", 8.0),
        ("kernels.py", "* 2", "* 4", 9.0),
    ],
)
def test_a_kernel_is_compiled_again_when_what_it_uses_has_changed(
    tmp_path: Path, changed: str, old: str, new: str, expected: float
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert run(tmp_path) == (5.0, True)
    assert run(tmp_path) == (5.0, False)
    assert old in FILES[changed]
    (tmp_path / changed).write_text(FILES[changed].replace(old, new), encoding="utf-8")
    assert run(tmp_path) == (expected, True)
    (tmp_path / changed).write_text(FILES[changed], encoding="utf-8")
    assert run(tmp_path) == (5.0, False)  # the old code is still kept


def test_fingerprints_refuse_what_they_cannot_contain() -> None:
    names: dict[str, object] = {"kernel": kernel, "table": {"a": 1}, "os": os}
    for source, message in [
        ("table['a']", "table is a dict"),
        ("os.sep", "os is a module"),
    ]:
        scope = {**names, "__builtins__": __builtins__}
        exec(compile(f"def function():\n    return {source}", __file__, "exec"), scope)
        with pytest.raises(TypeError, match=message):
            fingerprint(scope["function"])
    exec(compile("def function():\n    return LATER", __file__, "exec"), scope)
    with pytest.raises(NameError, match="function uses LATER, which is defined after it"):
        fingerprint(scope["function"])


@pytest.mark.parametrize("chosen", [True, False])
def test_decorating_leaves_the_folder_of_others_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, chosen: bool
) -> None:
    folder = str(tmp_path) if chosen else ""
    monkeypatch.setattr(numba.config, "CACHE_DIR", folder)
    decorated: Any = kernel()(lambda x: x)  # numba's type is not known to mypy
    left = numba.config.CACHE_DIR
    assert left == folder
    assert Path(decorated.stats.cache_path).is_relative_to(folder or Path(__file__).parent)


def test_numbers_of_all_kinds_tell_fingerprints_apart() -> None:
    seen = set()
    for value in (1, 1.0, np.float32(1.0), np.array([1.0]), np.array([[1.0]]), (1,), (1.0,), np.array([2.0])):
        scope: dict[str, object] = {"VALUE": value, "__builtins__": __builtins__}
        exec(compile("def function():\n    return VALUE", __file__, "exec"), scope)
        seen.add(fingerprint(scope["function"]))
    assert len(seen) == 8


def test_every_kernel_is_made_by_the_decorator() -> None:
    own = ROOT / "drive_stack" / "support" / "kernels.py"
    files = [file for folder in ("drive_stack", "envs", "agents") for file in (ROOT / folder).rglob("*.py")]
    made = [
        file for file in files if re.search(r"^@kernel\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(made) > 20
    assert [
        file for file in files if file != own and re.search(r"\bn?jit\(", file.read_text(encoding="utf-8"))
    ] == []

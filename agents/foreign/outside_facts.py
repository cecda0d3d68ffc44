"""What decides how a class of one's own drives: which files hold its code, and what it says of itself."""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from agents.foreign.outside_class import Maker, load_class, parts_of
from drive_stack.agent_errors import AgentError
from drive_stack.evaluation.answers import checked_name

OURS = Path(__file__).resolve().parents[2]
_LIBRARIES = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")]
_OWN_PACKAGES = [OURS / name for name in ("agents", "drive_stack", "envs")]  # a row's code_hash covers them


def describe_class(spec: str) -> dict[str, object]:
    """Fields of `agents.foreign.description.Description`.

    It imports the class: run it where that does no harm. Raises as `load_class` does, and `AgentError` for
    attributes that are not what they must be.
    """
    made = load_class(spec)
    module, _ = parts_of(spec)
    name = getattr(made, "name", spec)
    return {
        "name": checked_name(name) if isinstance(name, str) else spec,
        "privileged": getattr(made, "privileged", False) is True,
        "uses_camera": getattr(made, "uses_camera", True) is not False,
        "qualified_name": str(getattr(made, "__qualname__", spec)),
        "modules": {name: str(path) for name, path in sorted(code_of(module).items())},
        "files": _files(spec, made, sys.modules[module]),
    }


def code_of(module: str) -> dict[str, Path]:
    """Module name → file of ``module`` and of all outside the libraries that it has imported or may import.

    Imports inside functions are found in the source. Those by a name that is computed are not.
    """
    found = {name: path for name, one in list(sys.modules.items()) if (path := _outside(one)) is not None}
    own = _file_of(sys.modules[module])
    if own is not None:
        found[module] = own  # also where it is in a package of ours
    waiting = list(found.items())
    while waiting:
        name, path = waiting.pop()
        for imported in _imports(name, path):
            if imported not in found and (file := _located(imported)) is not None:
                found[imported] = file
                waiting.append((imported, file))
    found.pop("__main__", None)
    return found


def _files(spec: str, made: Maker, module: ModuleType) -> dict[str, str]:
    """What a class says in ``files``: name as it stands there → path."""
    names = getattr(made, "files", ())
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        raise AgentError(f"agent '{spec}': files is not a tuple of file names")
    own = _file_of(module)
    folder = own.parent if own is not None else Path.cwd()
    return {name: str(folder / name) for name in names}


def _imports(name: str, path: Path) -> Iterator[str]:
    """Modules that a source file imports, wherever in it the import stands."""
    if path.suffix != ".py":
        return
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _located(name: str) -> Path | None:
    """The file of a module that is not yet imported, where it is outside the libraries."""
    try:
        spec = importlib.util.find_spec(name)
    except Exception:  # a parent package may fail in any way
        return None
    if spec is None or not spec.has_location or spec.origin is None:
        return None
    path = Path(spec.origin).resolve()
    return path if _is_outside(path) else None


def _outside(module: ModuleType) -> Path | None:
    path = _file_of(module)
    return path if path is not None and _is_outside(path) else None


def _file_of(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) and Path(file).is_file() else None


def _is_outside(path: Path) -> bool:
    return not any(path.is_relative_to(root) for root in (*_LIBRARIES, *_OWN_PACKAGES))

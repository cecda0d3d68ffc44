"""What decides how a class of one's own drives: which files hold its code, and what it says of itself."""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TypedDict

from drive_stack.agent_errors import AgentError
from drive_stack.evaluation.answers import checked_name
from drive_stack.support.layout import SOURCES

from .outside_class import Maker, load_class, parts_of

_LIBRARIES = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")]


class ClassFacts(TypedDict):
    """The fields of a `Description`, as they are sent."""

    name: str
    privileged: bool
    uses_camera: bool
    qualified_name: str
    modules: dict[str, str]
    files: dict[str, str]


def describe_class(spec: str) -> ClassFacts:
    """Facts about a class; see `Description` in `description.py` for their meaning.

    It imports the class, so it runs in the agent's process. Raises the errors of `load_class`, and
    `AgentError` for invalid attributes.
    """
    agent_class = load_class(spec)
    module, _ = parts_of(spec)
    name = getattr(agent_class, "name", spec)
    return {
        "name": checked_name(name) if isinstance(name, str) else spec,
        "privileged": getattr(agent_class, "privileged", False) is True,
        "uses_camera": getattr(agent_class, "uses_camera", True) is not False,
        "qualified_name": str(getattr(agent_class, "__qualname__", spec)),
        "modules": {name: str(path) for name, path in sorted(code_of(module).items())},
        "files": _files(spec, agent_class, sys.modules[module]),
    }


def code_of(module: str) -> dict[str, Path]:
    """Module name → file, for ``module`` and all modules outside the libraries that it imports or may import.

    Imports inside functions are found in the source. Imports with a computed name are not found.
    """
    modules = {
        name: path for name, loaded in list(sys.modules.items()) if (path := _outside(loaded)) is not None
    }
    own = _file_of(sys.modules[module])
    if own is not None:
        modules[module] = own  # even if it is part of this project
    waiting = list(modules.items())
    while waiting:
        name, path = waiting.pop()
        for imported in _imports(name, path):
            if imported not in modules and (file := _located(imported)) is not None:
                modules[imported] = file
                waiting.append((imported, file))
    modules.pop("__main__", None)
    return modules


def _files(spec: str, agent_class: Maker, module: ModuleType) -> dict[str, str]:
    """The ``files`` of a class: name → path."""
    names = getattr(agent_class, "files", ())
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        raise AgentError(f"agent '{spec}': files is not a tuple of file names")
    own = _file_of(module)
    folder = own.parent if own is not None else Path.cwd()
    return {name: str(folder / name) for name in names}


def _imports(name: str, path: Path) -> Iterator[str]:
    """Modules that a source file imports, including imports inside functions."""
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
    """The file of a module that is not imported yet; None if it belongs to a library."""
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
    return not any(path.is_relative_to(root) for root in (*_LIBRARIES, *SOURCES))

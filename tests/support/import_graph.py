"""The import graph of the code base, read from its source: modules, what they import, and cycles."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("drive_stack", "envs", "agents", "run_sim")

Graph = Mapping[str, Set[str]]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def source_files() -> list[Path]:
    packages = [path for root in ROOTS for path in sorted((ROOT / root).rglob("*.py"))]
    return [*packages, ROOT / "run_sim.py"]


def read_graph() -> dict[str, set[str]]:
    """Each module with the modules that it imports, wherever in the file the import stands."""
    files = {module_name(path): path for path in source_files()}
    return {name: set(_imports(path, name, files.keys())) for name, path in files.items()}


def _imports(path: Path, name: str, modules: Set[str]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            # relative imports of `run_sim` are those of a wheel, where `drive_stack` stands for the root
            dots = "." * node.level if package else ""
            source = resolve_name(dots + (node.module or ""), package)
            for alias in node.names:
                member = f"{source}.{alias.name}"
                if member in modules:
                    yield member
                elif source in modules:
                    yield source


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def reachable(graph: Graph, start: str) -> dict[str, tuple[str, ...]]:
    """Every module that ``start`` imports, directly or through others, with the chain that leads there."""
    chains: dict[str, tuple[str, ...]] = {}
    waiting = [(start, (start,))]
    while waiting:
        module, chain = waiting.pop()
        for imported in graph[module]:
            if imported not in chains:
                chains[imported] = (*chain, imported)
                waiting.append((imported, chains[imported]))
    return chains


def folders(graph: Graph) -> set[str]:
    """All packages, and the root as an empty name."""
    return {"", *(module.rpartition(".")[0] for module in graph)}


def contracted(graph: Graph, folder: str) -> dict[str, set[str]]:
    """Imports among what lies directly in ``folder``: a package stands for everything below it."""
    depth = folder.count(".") + 1 if folder else 0

    def part(module: str) -> str | None:
        if folder and not module.startswith(folder + "."):
            return None
        return module.split(".")[depth]

    edges: dict[str, set[str]] = {}
    for module, imported in graph.items():
        source = part(module)
        if source is not None:
            targets = {target for target in map(part, imported) if target is not None}
            edges.setdefault(source, set()).update(targets - {source})
    return edges


def cycle(edges: Mapping[str, Set[str]]) -> tuple[str, ...]:
    """One cycle as the names along it, or nothing."""
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> tuple[str, ...]:
        if name in trail:
            return (*trail[trail.index(name) :], name)
        if name in done:
            return ()
        for target in sorted(edges.get(name, ())):
            found = visit(target, (*trail, name))
            if found:
                return found
        done.add(name)
        return ()

    return next((found for name in sorted(edges) if (found := visit(name, ()))), ())

"""The arrows of the design: who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("perception", "tracking", "prediction", "planning", "control", "policy")
RECORDS = {
    f"drive_stack.{name}"
    for name in (
        "types",
        "geometry",
        "vehicle",
        "camera_model",
        "road_map",
        "road_kernels",
        "world_state",
        "interfaces",
        "bounds",
        "config",
        "scenario_name",
        "solids",
    )
}


def imports_of(path: Path) -> set[str]:
    """Modules of ours that a file imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return {name for name in found if name.split(".")[0] in ("drive_stack", "envs", "agents", "run_sim")}


def files(*parts: str) -> list[Path]:
    return sorted((ROOT.joinpath(*parts)).rglob("*.py"))


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("drive_stack", {"envs", "agents", "run_sim"}),
        ("envs", {"agents", "run_sim"}),
        ("agents", {"envs", "run_sim"}),
    ],
)
def test_packages_do_not_reach_up(package: str, forbidden: set[str]) -> None:
    for path in files(package):
        bad = {name for name in imports_of(path) if within(name, forbidden)}
        assert not bad, f"{path.relative_to(ROOT)} imports {sorted(bad)}"


def test_envs_import_only_shared_records() -> None:
    for path in files("envs"):
        ours = {name for name in imports_of(path) if name.startswith("drive_stack.")}
        bad = {name for name in ours if not within(name, RECORDS)}
        assert not bad, f"{path.relative_to(ROOT)} imports {sorted(bad)}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_never_imports_a_sibling(stage: str) -> None:
    allowed = RECORDS | {f"drive_stack.{stage}", "drive_stack.runtime"}
    for path in files("drive_stack", stage):
        ours = {name for name in imports_of(path) if name != "drive_stack"}
        bad = {name for name in ours if not within(name, allowed)}
        assert not bad, f"{path.relative_to(ROOT)} imports {sorted(bad)}"


@pytest.mark.parametrize("package", ["evaluation", "viewer"])
def test_harness_and_viewer_never_import_stages(package: str) -> None:
    stages = {f"drive_stack.{stage}" for stage in STAGES}
    for path in files("drive_stack", package):
        bad = {name for name in imports_of(path) if within(name, stages)}
        assert not bad, f"{path.relative_to(ROOT)} imports {sorted(bad)}"


def test_types_import_nothing_of_ours() -> None:
    assert imports_of(ROOT / "drive_stack" / "types.py") == set()


def submodules_first(names: set[str]) -> set[str]:
    """Leave out a package where only a module in it is meant (``from package import module``)."""
    return {name for name in names if not any(other.startswith(name + ".") for other in names)}


def test_no_import_cycle() -> None:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in ("drive_stack", "envs", "agents")
        for path in files(package)
    }
    graph = {name: submodules_first(imports_of(path) & modules.keys()) for name, path in modules.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"cycle: {' -> '.join((*trail, name))}"
        if name in done:
            return
        for other in graph[name] - {name}:
            visit(other, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())

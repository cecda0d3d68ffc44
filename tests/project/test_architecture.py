"""The architecture: which package may import which, and how large a folder may grow."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from import_graph import ROOT, contracted, cycle, folders, is_within, reachable, read_graph, source_files

GRAPH = read_graph()
STAGES = ("perception", "tracking", "prediction", "planning", "control", "policy")
# What every package of drive_stack may import: records, protocols, and how files are read.
FOUNDATION = {
    f"drive_stack.{name}"
    for name in (
        "types",
        "geometry",
        "vehicle",
        "camera_model",
        "road_map",
        "road",
        "camera_pose",
        "world_state",
        "interventions",
        "interfaces",
        "bounds",
        "config",
        "errors",
        "scenario_keys",
        "scenario_name",
        "shifts",
        "seeds",
        "objects",
        "direct_perception",
        "rl",
        "escaping",
        "gym",
        "support",
    )
}
MAX_FILES = 21  # in one folder


def modules_in(package: str) -> list[str]:
    modules = [module for module in GRAPH if is_within(module, package)]
    assert modules, f"no such package: {package}"
    return modules


def assert_imports_none(package: str, forbidden: set[str]) -> None:
    """No module of a package imports a forbidden one, not even through others."""
    for module in modules_in(package):
        for imported, chain in reachable(GRAPH, module).items():
            bad = any(is_within(imported, name) for name in forbidden)
            assert not bad, f"forbidden import: {' -> '.join(chain)}"


def assert_imports_only(package: str, allowed: set[str]) -> None:
    """No module of a package imports anything of ours beyond ``allowed`` and the package itself."""
    for module in modules_in(package):
        for imported, chain in reachable(GRAPH, module).items():
            good = imported == "drive_stack" or any(is_within(imported, name) for name in {*allowed, package})
            assert good, f"forbidden import: {' -> '.join(chain)}"


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("drive_stack", {"envs", "agents", "run_sim"}),
        ("envs", {"agents", "run_sim"}),
        ("agents", {"envs", "run_sim"}),
    ],
)
def test_the_three_packages_are_independent(package: str, forbidden: set[str]) -> None:
    assert_imports_none(package, forbidden)


@pytest.mark.parametrize("package", ["drive_stack.types", "drive_stack.interfaces"])
def test_records_and_protocols_are_imported_from_their_package(package: str) -> None:
    # One path for each name, the one that agents of other people use. The modules below it may be regrouped.
    parts = set(modules_in(package)) - {package}
    assert parts and not [name for name in GRAPH.keys() - parts - {package} if GRAPH[name] & parts]
    assert parts == GRAPH[package] & parts


@pytest.mark.parametrize("package", ["envs", "agents"])
def test_envs_and_agents_import_their_own_modules_by_relative_names(package: str) -> None:
    # A wheel holds both inside `drive_stack`, so that neither common name enters site-packages.
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names.append(str(node.module))
            assert not any(is_within(name, package) for name in names), f"{path}"


def test_envs_imports_only_the_foundation_of_drive_stack() -> None:
    assert_imports_only("envs", FOUNDATION)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_no_other_stage(stage: str) -> None:
    assert_imports_only(f"drive_stack.{stage}", FOUNDATION | {"drive_stack.runtime"})


@pytest.mark.parametrize(
    "package",
    [
        *("evaluation", "viewer", "datasets", "report", "leaderboard", "monitoring", "study", "causes"),
        *("falsification", "narration"),
    ],
)
def test_what_observes_a_driver_imports_no_stage(package: str) -> None:
    assert_imports_none(f"drive_stack.{package}", {f"drive_stack.{stage}" for stage in STAGES})


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("types", set()),
        ("errors", {"escaping"}),
        ("support", {"errors", "escaping", "types"}),
        ("config", {"errors", "escaping", "support", "types"}),
        (
            "interfaces",
            {
                "types",
                "camera_model",
                "vehicle",
                "world_state",
                "road_map",
                "road",
                "interventions",
                "support.kernels",
            },
        ),
    ],
)
def test_the_foundation_is_laid_in_layers(package: str, allowed: set[str]) -> None:
    assert_imports_only(f"drive_stack.{package}", {f"drive_stack.{name}" for name in allowed})


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("evaluation", {"causes", "datasets", "learning", "viewer", "report", "app", "benchmarks", "study"}),
        ("causes", {"datasets", "learning", "viewer", "report", "app", "benchmarks", "study"}),
        ("falsification", {"datasets", "learning", "app", "benchmarks", "study"}),
        ("study", {"datasets", "learning", "viewer", "report", "app", "benchmarks", "study_runner"}),
        ("lesson", {"datasets", "learning", "viewer", "app", "benchmarks", "study_runner"}),
        ("study_runner", {"viewer", "report", "app", "benchmarks"}),
        ("viewer", {"datasets", "learning", "narration", "report", "app", "benchmarks", "study"}),
        ("narration", {"datasets", "learning", "report", "lesson", "app", "benchmarks", "study"}),
        ("datasets", {"learning", "viewer", "report", "app", "benchmarks", "study"}),
        ("learning", {"viewer", "report", "app", "benchmarks", "study", "study_runner"}),
        ("report", {"datasets", "learning", "app", "benchmarks", "study"}),
        ("benchmarks", {"report", "app", "study"}),
        ("leaderboard", {"datasets", "learning", "viewer", "report", "app", "benchmarks", "study_runner"}),
    ],
)
def test_packages_import_in_one_direction(package: str, forbidden: set[str]) -> None:
    assert_imports_none(f"drive_stack.{package}", {f"drive_stack.{name}" for name in forbidden})


@pytest.mark.parametrize("folder", sorted(folders(GRAPH)))
def test_no_import_cycle_in_a_folder(folder: str) -> None:
    """A package stands for everything below it, so this holds for packages as well as for files."""
    found = cycle(contracted(GRAPH, folder))
    assert not found, f"in {folder or 'the root'}: {' -> '.join(found)}"


def test_no_folder_holds_more_files_than_one_can_survey() -> None:
    tests = list((ROOT / "tests").rglob("*.py"))
    counts = Counter(path.parent for path in [*source_files(), *tests])
    large = {str(folder.relative_to(ROOT)): count for folder, count in counts.items() if count > MAX_FILES}
    assert not large


def test_package_names_are_unique() -> None:
    packages = [path.parent for path in source_files() if path.name == "__init__.py"]
    names = Counter(package.name for package in packages)
    assert not [name for name, count in names.items() if count > 1]


def calls_and_options(tree: ast.Module) -> Iterator[str]:
    """What only the command line's own code may hold: calls of a parser, and options in lists of strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in {"parse_args", "parse_known_args", "ArgumentParser"}:
                yield node.func.attr
        elif isinstance(node, ast.List | ast.Tuple):
            for item in node.elts:
                if isinstance(item, ast.Constant) and re.fullmatch(r"--[a-z][a-z-]*", str(item.value)):
                    yield str(item.value)


def test_only_the_command_line_handles_its_arguments() -> None:
    """Other code is called with typed arguments. ``report/commands.py`` writes commands for people to run."""
    package = ROOT / "drive_stack"
    handled = {
        str(path.relative_to(ROOT)): list(calls_and_options(ast.parse(path.read_text(encoding="utf-8"))))
        for path in source_files()
        if not path.is_relative_to(package / "app") and path != package / "report" / "commands.py"
    }
    assert not {path: names for path, names in handled.items() if names}


def test_arguments_of_the_command_line_are_found() -> None:
    code = "parser.parse_args(words)\ncollect(['--seeds', str(3), *rest])\nSTYLES = ('-', '--')"
    assert list(calls_and_options(ast.parse(code))) == ["parse_args", "--seeds"]


def test_a_cycle_is_found() -> None:
    """The checks above would notice: through a third module, and between packages."""
    graph = {"a.x": {"b.y"}, "b.y": {"c"}, "c": {"a.z"}, "a.z": set()}
    assert reachable(graph, "a.x")["a.z"] == ("a.x", "b.y", "c", "a.z")
    assert cycle(contracted(graph, "")) == ("a", "b", "c", "a")
    assert cycle(contracted(graph, "a")) == ()


def test_names_of_test_modules_are_unique() -> None:
    """Folders of tests are no packages, so pytest imports each file by its bare name."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert not [name for name, count in names.items() if count > 1]

"""Seeds and other numbers on the command line are checked before anything is driven."""

from __future__ import annotations

import argparse
import ast
from pathlib import Path

import pytest
from import_graph import module_name, source_files

import run_sim
from drive_stack.app.episodes import consecutive_episodes
from drive_stack.app.options import seed, seeds_between, whole_number
from drive_stack.errors import ConfigError
from drive_stack.evaluation.suite import MAX_COURSES, Courses, Suite, load_suite
from drive_stack.seeds import (
    MAX_EPISODES,
    MAX_SEED,
    SeedSplit,
    check_episodes,
    check_one_split,
    seed_range,
    split_of,
)

# modules in which such a number limits something else, such as epochs
LIMITS = {"drive_stack.bounds", "drive_stack.learning.imitation.config"}

INVALID_NUMBERS = [
    "",
    "-1",
    "1.5",
    "²",
    "١",
    "1_000",
    " 1",
    "9" * 5000,
    str(2**64),
    str(MAX_SEED + 1),
    "1e3",
    "\0",
]


@pytest.mark.parametrize("text", INVALID_NUMBERS)
def test_an_invalid_seed_is_refused(text: str) -> None:
    with pytest.raises(
        argparse.ArgumentTypeError, match="is not a whole number from 0 to 4294967295"
    ) as caught:
        seed(text)
    assert len(str(caught.value)) < 150


def test_the_first_and_the_last_seed() -> None:
    assert seed("0") == 0 and seed("4294967295") == MAX_SEED == 2**32 - 1
    assert whole_number(3, 5)("5") == 5 and whole_number(3, 5)("03") == 3
    assert seed_range(MAX_SEED, 1) == range(MAX_SEED, MAX_SEED + 1)
    assert seeds_between(f"{MAX_SEED - 1}:{MAX_SEED + 1}") == range(MAX_SEED - 1, MAX_SEED + 1)
    assert len(seed_range(0, MAX_EPISODES)) == MAX_EPISODES


@pytest.mark.parametrize(
    "text",
    ["5", ":", "5:", ":5", "7:7", "8:7", "²:5", "0:²", "0:" + "9" * 5000, f"0:{2**64}", "0:1000000000"],
)
def test_an_invalid_range_of_seeds_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"expected A:B|at most 100,000 episodes") as caught:
        seeds_between(text)
    assert len(str(caught.value)) < 300


def test_ranges_end_at_the_last_seed() -> None:
    for first, count in ((MAX_SEED, 2), (2**64, 1), (-1, 1)):
        with pytest.raises(ConfigError, match="expected seeds from 0 to 4294967295"):
            seed_range(first, count)
    with pytest.raises(ConfigError, match="expected seeds"):
        consecutive_episodes("cruise", MAX_SEED, 2)
    check_episodes(10, MAX_EPISODES // 10)
    with pytest.raises(ConfigError, match="at most 100,000 episodes"):
        check_episodes(10, MAX_EPISODES // 10 + 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seed", "9" * 5000],
        ["--seed", str(2**64)],
        ["--seed", "²"],
        ["--episodes", "1000000000"],
        ["evaluate", "--workers", "1000000000"],
        ["evaluate", "--time-limit", "1000000000000"],
        ["stages", "--first-seed", str(2**32)],
        ["collect", "--out", "x", "--seeds", "1000000000"],
        ["perception", "--seeds", "1000000000"],
    ],
)
def test_a_command_line_with_such_numbers_ends_at_once(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_sim.main(arguments)
    assert caught.value.code == 2
    assert "is not a whole number from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seed", str(MAX_SEED), "--episodes", "2"], "expected seeds from 0"),
        (["evaluate", "--suite", "smoke", "--seeds", "0:1000000000"], "at most 100,000 episodes"),
        (["evaluate", "--suite", "smoke", "--seeds", "0:99999"], "at most 100,000 episodes"),
        (["evaluate", "--suite", "smoke", "--seeds", "²:5"], "not a whole number"),
        (["stages", "--first-seed", "0", "--seeds", "100000"], "at most 100,000 episodes"),
    ],
)
def test_too_many_episodes_are_refused_before_any_is_driven(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sim.main(arguments) == 2
    assert message in capsys.readouterr().err


def test_suites_are_bounded(tmp_path: Path) -> None:
    grid = {f"actors.{number}.gap": tuple(range(100)) for number in range(6)}  # 10^12 courses
    suite = Suite(name="x", description="y", seeds=1, courses=(Courses(scenario="cruise", grid=grid),))
    with pytest.raises(ConfigError, match=f"1,000,000,000,000 courses; expected at most {MAX_COURSES:,}"):
        suite.scenarios(["cruise"], str)
    exact = Courses(scenario="all", grid={"a": tuple(range(100)), "b": tuple(range(50))})
    assert exact.count(["p", "q"]) == len(list(exact.names(["p", "q"]))) == 10_000
    path = tmp_path / "many.yaml"
    path.write_text("name: x\ndescription: y\nseeds: 1000000000\ncourses: [{scenario: cruise}]\n")
    with pytest.raises(ConfigError, match=r"many\.yaml:3: seeds: .*100000"):
        load_suite(str(path))


def test_every_seed_belongs_to_one_split() -> None:
    seeds = (0, 99_999, 100_000, 199_999, 200_000, 299_999, MAX_SEED)
    training, validation, test = SeedSplit
    splits = (training, training, validation, validation, test, test, test)
    assert tuple(map(split_of, seeds)) == splits
    assert [split.first for split in SeedSplit] == [0, 100_000, 200_000]
    check_one_split(range(100_000, 200_000))
    with pytest.raises(ConfigError, match="seeds 99999–100000 lie in two of training, validation and test"):
        check_one_split(range(99_999, 100_001))


def test_no_other_module_holds_the_limits_of_the_splits() -> None:
    limits = {bound for split in SeedSplit for bound in (split.first, split.seeds[-1], split.seeds.stop)} - {
        0
    }
    for path in source_files():
        if module_name(path) in {"drive_stack.seeds", *LIMITS}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, int):
                assert node.value not in limits - {0}, f"{path}:{node.lineno}: use drive_stack.seeds"

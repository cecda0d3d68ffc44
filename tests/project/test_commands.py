"""Commands in the documentation parse, and use only files of the repository or of earlier commands."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import run_sim
from agents.registry import agent_names
from drive_stack.evaluation.suite import load_suite
from drive_stack.scenario_name import split_names
from envs.scenarios.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md"),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "drive_stack" / "models").glob("*.card.md")),
]
WRITTEN_EARLIER = re.compile(r"\.(pt|zip)$|:\w+$")  # files that earlier commands write, and classes


def commands(text: str) -> Iterator[list[str]]:
    """Arguments of every command in blocks and sentences; commands with an ellipsis are left out."""
    blocks = re.findall(r"^```.*?^```", text, flags=re.M | re.S)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    lines = [
        re.split(r"\s{2,}", match)[0] for block in blocks for match in re.findall(r"run_sim\.py .*", block)
    ]
    lines += [" ".join(match.split()) for match in re.findall(r"`(?:python )?(run_sim\.py [^`]*)`", prose)]
    for line in lines:
        if "…" not in line:
            yield shlex.split(line, comments=True)[1:]


class ParsedError(Exception):
    """Raised instead of running a command; holds its options."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self.options = vars(options)


def parse_options(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The options of a command line, as its own parser reads them."""
    parse = argparse.ArgumentParser.parse_args

    def stop(parser: argparse.ArgumentParser, args: Sequence[str]) -> None:
        raise ParsedError(parse(parser, args))

    with monkeypatch.context() as patched:
        patched.setattr(argparse.ArgumentParser, "parse_args", stop)
        try:
            run_sim.main(arguments)
        except ParsedError as stopped:
            return stopped.options
    raise AssertionError(f"{arguments} parsed nothing")


def as_list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)] if value else []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_parse_and_name_what_there_is(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_folders: set[str] = set()  # that the page's earlier commands write
    for command in commands(page.read_text(encoding="utf-8")):
        if len(command) == 1 and not command[0].startswith("-"):  # the page only names the subcommand
            assert command[0] in (*run_sim.COMMANDS, run_sim.HELP)
            continue
        options = parse_options(command, monkeypatch)
        for name in as_list(options.get("scenario")):
            if not WRITTEN_EARLIER.search(name):
                load_scenario(name)
        for name in split_names(str(options.get("scenarios") or "all")):
            if name != "all":
                load_scenario(name)
        for name in [*as_list(options.get("agent")), *as_list(options.get("driver"))]:
            known = name in agent_names() or (ROOT / name).is_file() or WRITTEN_EARLIER.search(name)
            assert known, f"{command}: no agent {name}"
        for suite in as_list(options.get("suite")):
            load_suite(suite)
        for file in as_list(options.get("config")):
            assert (ROOT / file).is_file(), f"{command}: no file {file}"
        for run in as_list(options.get("run")):
            assert run in run_folders, f"{command}: nothing on the page has driven {run}"
        if command[0] == "evaluate":
            run_folders.add(str(options["out"] or f"runs/evaluate/{options['suite']}"))


def test_there_are_commands_to_check() -> None:
    assert sum(len(list(commands(page.read_text(encoding="utf-8")))) for page in PAGES) > 60

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
OWN = re.compile(r"\.(pt|zip)$|:\w+$")  # files that earlier commands write, and classes


def commands(text: str) -> Iterator[list[str]]:
    """Arguments of every command in blocks and sentences; commands with an ellipsis are left out."""
    blocks = re.findall(r"^```.*?^```", text, flags=re.M | re.S)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    found = [
        re.split(r"\s{2,}", line)[0] for block in blocks for line in re.findall(r"run_sim\.py .*", block)
    ]
    found += [" ".join(one.split()) for one in re.findall(r"`(?:python )?(run_sim\.py [^`]*)`", prose)]
    for command in found:
        if "…" not in command:
            yield shlex.split(command, comments=True)[1:]


class ParsedError(Exception):
    """Raised instead of running a command; holds its options."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self.options = vars(options)


def parsed(words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The options of a command line, as its own parser reads them."""
    parse = argparse.ArgumentParser.parse_args

    def stop(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
        raise ParsedError(parse(parser, arguments))

    with monkeypatch.context() as patched:
        patched.setattr(argparse.ArgumentParser, "parse_args", stop)
        try:
            run_sim.main(words)
        except ParsedError as found:
            return found.options
    raise AssertionError(f"{words} parsed nothing")


def listed(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)] if value else []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_parse_and_name_what_there_is(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: set[str] = set()  # folders of runs that the page's own commands leave
    for words in commands(page.read_text(encoding="utf-8")):
        if len(words) == 1 and not words[0].startswith("-"):  # a sentence that names a command
            assert words[0] in (*run_sim.COMMANDS, run_sim.HELP)
            continue
        options = parsed(words, monkeypatch)
        for name in listed(options.get("scenario")):
            if not OWN.search(name):
                load_scenario(name)
        for name in split_names(str(options.get("scenarios") or "all")):
            if name != "all":
                load_scenario(name)
        for name in [*listed(options.get("agent")), *listed(options.get("driver"))]:
            known = name in agent_names() or (ROOT / name).is_file() or OWN.search(name)
            assert known, f"{words}: no agent {name}"
        for suite in listed(options.get("suite")):
            load_suite(suite)
        for file in listed(options.get("config")):
            assert (ROOT / file).is_file(), f"{words}: no file {file}"
        for run in listed(options.get("run")):
            assert run in made, f"{words}: nothing on the page has driven {run}"
        if words[0] == "evaluate":
            made.add(str(options["out"] or f"runs/evaluate/{options['suite']}"))


def test_there_are_commands_to_check() -> None:
    assert sum(len(list(commands(page.read_text(encoding="utf-8")))) for page in PAGES) > 60

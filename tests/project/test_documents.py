"""The documentation: what it names exists (paths, links, commands, options), and pages stay short."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import run_sim
from agents.config import ModularConfig

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOP_LEVEL = ("drive_stack", "envs", "agents", "configs", "examples", "tests", "docs", ".ci")
ENVIRONMENT = "drive_stack/Highway-v0"  # its gymnasium id looks like a path
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MAX_README_WORDS = 700
MAX_TABLE_ROWS = 10


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Target file and anchor of every link to this repository."""
    for target in LINK.findall(without_blocks(read(page))):
        if "://" not in target:
            file, _, anchor = target.partition("#")
            yield ((page.parent / file).resolve() if file else page), anchor


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", without_blocks(read(page)), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def quoted_paths(text: str) -> Iterator[str]:
    """What stands in backticks and looks like a path in this repository."""
    for quoted in re.findall(r"`([^`\n]+)`", without_blocks(text)):
        for word in set(quoted.split()) - {ENVIRONMENT}:
            if word.split("/")[0] in TOP_LEVEL and re.fullmatch(r"[\w./-]+/[\w./-]*", word):
                yield word


def parser_help(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        run_sim.main([command, "--help"] if command else ["--help"])
    return capsys.readouterr().out


def shown_commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """The subcommand ("" for the main job) and the long options of every command in a page."""
    for arguments in re.findall(r"run_sim\.py([^`\n#|…]*)", text):
        words = re.split(r"\s{2,}", arguments.strip())[0].split()
        command = words[0] if words and re.fullmatch(r"[a-z]+", words[0]) else ""
        yield command, [word.split("=")[0] for word in words if word.startswith("--")]


def has_setting(model: type[BaseModel], path: str) -> bool:
    """Whether a configuration has the setting at a dotted path."""
    key, _, rest = path.partition(".")
    field = model.model_fields.get(key)
    if field is None or not rest:
        return field is not None
    inner = field.annotation
    return not (isinstance(inner, type) and issubclass(inner, BaseModel)) or has_setting(inner, rest)


def tables(text: str) -> Iterator[list[str]]:
    """The rows of every table outside folded parts, without heading and rule."""
    unfolded = re.sub(r"<details.*?</details>", "", without_blocks(text), flags=re.S)
    for table in re.findall(r"(?:^\|.*\n?)+", unfolded, flags=re.M):
        yield table.strip().splitlines()[2:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    for file, anchor in links(page):
        assert file.exists(), f"{page.name}: no file {file}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{page.name}: no heading #{anchor} in {file.name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_quoted_paths_exist(page: Path) -> None:
    missing = [path for path in quoted_paths(read(page)) if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, options in shown_commands(read(page)):
        assert not command or command in (*run_sim.COMMANDS, run_sim.HELP), (
            f"{page.name}: no command {command}"
        )
        if options:
            known = parser_help(command, capsys) + " --help"
            unknown = [option for option in options if not re.search(rf"{option}(?![\w-])", known)]
            assert not unknown, f"{page.name}: {command or 'run_sim.py'} has no {unknown}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_of_the_modular_driver_exist(page: Path) -> None:
    sections = "|".join(("perception", "tracking", "prediction", "planning", "control", "faults"))
    shown = re.findall(rf"(?<=[\s`:\"])((?:{sections})\.[a-z_.]+)(?==)", read(page))
    missing = [path for path in shown if not has_setting(ModularConfig, path)]
    assert not missing


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, new = set[Path](), {README}
    while new:
        reached |= new
        new = {file for page in new for file, _ in links(page) if file.suffix == ".md"} - reached
    assert not [page for page in (ROOT / "docs").rglob("*.md") if page not in reached]


def test_the_readme_is_short() -> None:
    assert len(read(README).split()) <= MAX_README_WORDS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_can_be_surveyed_or_are_folded(page: Path) -> None:
    long = [rows[0] for rows in tables(read(page)) if len(rows) > MAX_TABLE_ROWS]
    assert not long

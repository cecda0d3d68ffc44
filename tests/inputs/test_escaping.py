"""Untrusted names on terminals, in Markdown and in spreadsheets."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console
from synthetic_rows import row

from drive_stack.app.table import print_results
from drive_stack.errors import ConfigError
from drive_stack.escaping import csv_text, markdown_text, terminal_text, visible
from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.export import export
from drive_stack.report.summary_files import summary_markdown

HOSTILE = "<script>alert(1)</script> | [x](javascript:1) *a* `b` \x1b[2J\n# head"


def rendered(text: str) -> str:
    """Convert Markdown to HTML, without removing HTML tags in it."""
    return str(MarkdownIt("commonmark").enable("table").render(text))


@given(st.text())
def test_visible_text_is_one_line_and_printable(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable() and len(shown.splitlines()) <= 1
    assert visible(shown) == shown
    if text.isprintable():
        assert shown == text


@given(st.text().filter(lambda text: not text.endswith("\\")))  # which rich doubles
def test_rich_prints_names_as_they_are(text: str) -> None:
    console = Console(width=10_000, file=io.StringIO(), markup=True, emoji=False)
    console.print(terminal_text(text), highlight=False, soft_wrap=True, end="")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == visible(text)


@pytest.mark.parametrize(
    "name", [HOSTILE, "<b>", "&amp;", "[a][b]", "![a](b)", "<http://a.example>", "a|b", "a < b"]
)
def test_markdown_shows_names_as_text(name: str) -> None:
    html = rendered(f"| a |\n|---|\n| {markdown_text(name)} |")
    for tag in ("<script", "<b>", "<a", "<img", "<em", "<code", "<h1"):
        assert tag not in html
    assert html.count("<td>") == 1 and html.count("<tr>") == 2


def test_a_comparison_stays_legible_in_markdown() -> None:
    assert markdown_text("p < 0.001") == "p < 0.001" and markdown_text("a <") == "a &lt;"


@pytest.mark.parametrize("prefix", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_spreadsheet_evaluates_no_name(prefix: str, tmp_path: Path) -> None:
    name = f"{prefix}1+1"
    assert csv_text(name) == f"'{name}" and csv_text(f"a{name}") == f"a{name}"
    table, *_ = export([row("modular", name, 100_000), row(name, "cruise", 100_000)], tmp_path)
    with table.open(newline="") as file:
        records = list(csv.DictReader(file))
    assert [record["scenario"] for record in records] == [f"'{name}", "cruise"]
    assert [record["agent"] for record in records] == ["modular", f"'{name}"]
    assert records[0]["mean_speed_mps"] == "20.0"  # numbers are as they were


def test_a_negative_number_is_no_formula(tmp_path: Path) -> None:
    table, *_ = export([row("modular", "cruise", 100_000)], tmp_path)
    assert "'" not in table.read_text()


def test_a_summary_and_a_table_show_hostile_names() -> None:
    rows = [row("expert", HOSTILE, 100_000), row(f"{HOSTILE} [red]", HOSTILE, 100_000, "failed")]
    html = rendered(summary_markdown(Comparison(rows, [hostile_row.label for hostile_row in rows])))
    assert "<script" not in html and "<a" not in html and "\x1b" not in html
    console = Console(width=500, file=io.StringIO())
    print_results([hostile_row.result for hostile_row in rows], console)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[2J" not in console.file.getvalue() and "[x](javascript:1)" in console.file.getvalue()


def test_a_refusal_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import run_sim  # noqa: PLC0415 - the command line

    def refuse(*_: object) -> int:
        raise ConfigError("a\nb\x1b[2J")

    monkeypatch.setitem(run_sim.COMMANDS, "report", refuse)
    assert run_sim.main(["report"]) == 2
    assert capsys.readouterr().err == "run_sim.py: a\\nb\\x1b[2J\n"

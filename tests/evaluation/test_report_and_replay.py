"""`report` and `replay` from the command line, on a suite that takes seconds."""

from __future__ import annotations

import html.parser
import re
import shutil
from pathlib import Path

import pytest

import run_sim
from drive_stack.evaluation.batch.row_file import read_rows
from drive_stack.report.runs import read_runs

# --- report --------------------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """Counts the elements of a page, and checks that its tags close and it loads nothing from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.count[tag] = self.count.get(tag, 0) + 1
        self.ids += [str(attributes["id"])] if "id" in attributes else []
        link = attributes.get("href") or attributes.get("xlink:href") or ""
        self.links += [link] if link else []
        assert not (attributes.get("src") or "data:").startswith(("http", "/", "file")), (
            "something from outside"
        )
        if tag not in ("meta", "link", "br", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "link", "br", "img", "input"):
            self.open.pop()


def test_the_page_is_complete_and_needs_nothing_from_outside(tiny_run: Path) -> None:
    text = (tiny_run / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert not [link for link in page.links if link.startswith("http")]
    assert page.count["script"] == 1 and "http" not in text.partition("<script>")[2]
    assert "url(http" not in text
    failures = sum(row.result.status != "completed" for row in read_rows(tiny_run).values())
    pairs = text.count('<article class="pair"')
    assert failures > 0 and pairs == 3 and page.count["video"] == failures + 2 * pairs
    assert page.count["svg"] == 6  # forest, pairs, three distributions, time


def test_the_same_rows_make_the_same_page(tiny_run: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.html", tmp_path / "b.html"
    for path in (first, second):
        assert run_sim.main(["report", str(tiny_run), "--out", str(path)]) == 0
    assert first.read_bytes() == second.read_bytes()


def test_runs_are_compared_under_separate_names(tiny_run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny_run, other)
    text = (other / "rows.jsonl").read_text(encoding="utf-8")
    (other / "rows.jsonl").write_text(re.sub('"drive_stack": "[^"]+"', '"drive_stack": "0.0.1"', text))
    runs = read_runs([tiny_run, other])
    assert len(runs.rows) == 36 and f"constant ({other.name})" in runs.comparison.labels
    assert any("different versions" in note and "0.0.1" in note for note in runs.notes)


def test_a_corrupt_line_is_named_and_left_out_of_the_page(tiny_run: Path, tmp_path: Path) -> None:
    other = tmp_path / "corrupt"
    shutil.copytree(tiny_run, other)
    lines = (other / "rows.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    lines[4] = "{nonsense\n"
    (other / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    runs = read_runs([other])
    assert len(runs.rows) == 17
    assert re.search(r"rows\.jsonl:5: not valid JSON.*left out", runs.notes[0])


def test_no_page_is_written_without_rows_or_for_another_schema(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sim.main(["report", str(tmp_path / "none")]) == 2
    assert "holds no rows" in capsys.readouterr().err
    other = tmp_path / "old"
    shutil.copytree(tiny_run, other)
    (other / "run.json").write_text('{"schema_version": 99}', encoding="utf-8")
    assert run_sim.main(["report", str(other)]) == 2
    assert "schema version 99, but this program reads 2" in capsys.readouterr().err


# --- replay --------------------------------------------------------------------------------------


def test_an_episode_is_replayed_as_it_was(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(read_rows(tiny_run).values())
    number = next(index for index, row in enumerate(rows, start=1) if row.result.status == "collision")
    assert run_sim.main(["replay", str(tiny_run), "--episode", str(number), "--headless"]) == 0
    printed = capsys.readouterr()
    assert "replayed bit for bit" in printed.out and "note" not in printed.err


def test_a_replay_says_what_changed_since(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "older"
    shutil.copytree(tiny_run, other)
    text = (other / "rows.jsonl").read_text(encoding="utf-8")
    changed = re.sub(r'"distance_m": [\d.]+', '"distance_m": 1.5', text)
    changed = re.sub('"numpy": "[^"]+"', '"numpy": "1.0"', changed)
    (other / "rows.jsonl").write_text(changed, encoding="utf-8")
    episode = "constant:cruise[route_length=120]:100000"
    assert run_sim.main(["replay", str(other), "--episode", episode, "--headless"]) == 0
    printed = capsys.readouterr()
    assert "numpy was 1.0" in printed.err
    assert "the replay differs: distance_m 1.5 →" in printed.out


@pytest.mark.parametrize(
    ("episode", "message"),
    [("0", "whole number from 1"), ("99", "episodes 1 to 18"), ("constant:cruise:7", "no such episode")],
)
def test_an_episode_that_does_not_exist_is_refused(
    tiny_run: Path, episode: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sim.main(["replay", str(tiny_run), "--episode", episode, "--headless"]) == 2
    assert message in capsys.readouterr().err

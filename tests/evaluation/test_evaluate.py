"""`evaluate`, `report` and `replay` from the command line, on a suite that takes seconds."""

from __future__ import annotations

import csv
import html.parser
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import run_sim
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row, error_result, without_timings
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.suite import load_suite, suites
from drive_stack.report.runs import read_runs
from envs.scenarios.scenario import load_scenario, scenario_names

SUITE = """\
name: tiny
description: For tests.
seeds: 1
courses:
  - {scenario: cruise, set: {route_length: 120}}
  - {scenario: cut_in, set: {route_length: 250}, grid: {actors.0.gap: [12, 14]}}
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suite") / "tiny.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return path


def command(suite: Path, out: Path, *agents: str, seeds: str = "100000:100002") -> list[str]:
    options = ["evaluate", "--suite", str(suite), "--seeds", seeds, "--out", str(out)]
    return options + [word for agent in agents for word in ("--agent", agent)]


@pytest.fixture(scope="module")
def run(suite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    assert run_sim.main(command(suite, out, "constant", "random")) == 0
    return out


def world_name(scenario: str) -> str:
    return load_scenario(scenario).world_name


# --- suites --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(suites()))
def test_the_suites_of_the_package_can_be_driven(name: str) -> None:
    found = load_suite(name)
    courses = found.scenarios(scenario_names(), world_name)
    assert found.first_seed >= 200_000
    for course in courses:
        load_scenario(course)


def test_standard_is_of_bench2drive_s_size() -> None:
    standard = load_suite("standard")
    courses = standard.scenarios(scenario_names(), world_name)
    assert len(courses) * standard.seeds == 220
    assert set(scenario_names()) <= set(courses)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: x\ndescription: x\nseeds: 0\ncourses: [{scenario: cruise}]", "seeds"),
        ("name: x\ndescription: x\nseeds: 1\ncourses: []", "courses"),
        ("name: x\ndescription: x\nseeds: 1\ncourses: [{scenario: cruise, grids: {}}]", "grid"),
    ],
)
def test_a_wrong_suite_is_refused_in_one_line(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words) as caught:
        load_suite(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("courses", "words"),
    [
        ("{scenario: all}, {scenario: cruise}", "cruise and cruise are the same course"),
        (
            "{scenario: cruise}, {scenario: cruise, set: {stuck_after: 30}}",
            "cruise and cruise[stuck_after=30]",
        ),
        ("{scenario: cruise, grid: {ego.offset: [0.5, 0.50]}}", "are the same course"),
        (
            "{scenario: cruise, set: {ego.offset: 1}, grid: {ego.yaw_deg: [2, 3]}}, "
            "{scenario: cruise, set: {ego.yaw_deg: 3.0, ego.offset: 1}}",
            "cruise[ego.offset=1; ego.yaw_deg=3] and cruise[ego.yaw_deg=3.0; ego.offset=1]",
        ),
    ],
)
def test_a_suite_in_which_a_course_comes_twice_is_refused(
    courses: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"name: x\ndescription: x\nseeds: 1\ncourses: [{courses}]", encoding="utf-8")
    for command in (["evaluate", "--agent", "constant"], ["collect"]):
        assert run_sim.main([*command, "--suite", str(path), "--out", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1 and not (tmp_path / "out").exists()


# --- rows ----------------------------------------------------------------------------------------


def test_every_driver_drives_every_course_and_the_expert_too(run: Path) -> None:
    rows = list(read_rows(run).values())
    assert len(rows) == 3 * 3 * 2
    assert {row.label for row in rows} == {"expert", "constant", "random"}
    for row in rows:
        assert set(row.result.scores) == {"carla_2_0", "carla_2_1", "nuplan", "pdms", "epdms"}
        assert (row.result.progress_of_expert is None) == (row.label == "expert")


def test_the_same_command_drives_nothing_again(
    run: Path, suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (run / "rows.jsonl").read_bytes()
    assert run_sim.main(command(suite, run, "constant", "random")) == 0
    assert (run / "rows.jsonl").read_bytes() == before
    assert "12 of 12 episodes are there already" in capsys.readouterr().err


def test_two_workers_and_an_interrupted_run_drive_the_same(run: Path, suite: Path, tmp_path: Path) -> None:
    out = tmp_path / "other"
    assert run_sim.main([*command(suite, out, "constant", seeds="100000:100001"), "--workers", "2"]) == 0
    rows = out / "rows.jsonl"
    rows.write_bytes(rows.read_bytes()[:-40])  # as a kill leaves it
    assert run_sim.main([*command(suite, out, "constant", "random"), "--workers", "2"]) == 0
    assert without_timings(read_rows(out).values()) == without_timings(read_rows(run).values())


def test_progress_follows_a_reference_that_was_lost_and_driven_again(
    run: Path, suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was driven meanwhile had no expert to be measured by; agents that came to nothing need none."""
    out = tmp_path / "lost"
    shutil.copytree(run, out)
    whole = read_rows(run)
    course = {row.label: row for row in whole.values() if row.result.seed == 100_001}  # the last scenario
    lost = error_result(made_task(course["expert"]), "the worker process was lost")
    alone = replace(course["constant"].result, progress_of_expert=None)
    failed = error_result(made_task(course["random"]), "no licence")
    with open_rows(out) as file:
        file.append(replace(course["expert"], lost=True, result=lost))
        file.append(replace(course["constant"], result=alone))
        file.append(replace(course["random"], result=failed))
    assert run_sim.main(command(suite, out, "constant", "random")) == 1  # nothing changes by itself
    assert "12 of 12 episodes are there already" in capsys.readouterr().err
    assert run_sim.main([*command(suite, out, "constant", "random"), "--retry-lost"]) == 1
    assert "5 of 6 reference episodes are there already" in (said := capsys.readouterr().err)
    assert "11 of 12 episodes are there already" in said
    rows, expected = without_timings(read_rows(out).values()), without_timings(whole.values())
    assert rows.pop(course["random"].key)["error"] == "no licence"
    del expected[course["random"].key]
    assert rows == expected


def made_task(row: Row) -> BatchTask:
    result = row.result
    return BatchTask(
        result.scenario,
        result.seed,
        row.label,
        label=row.label,
        config_hash=row.config_hash,
        privileged=result.privileged,
    )


def test_what_is_kept_is_told_where_the_report_cannot_be_written(
    run: Path, suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "blocked"
    shutil.copytree(run, out)
    (out / "report.html").unlink()
    (out / "report.html").mkdir()
    assert run_sim.main(command(suite, out, "constant", "random")) == 2
    kept, last = capsys.readouterr().err.splitlines()[-2:]
    assert kept == "all 18 episodes are kept; the same command goes on from there"
    assert last.startswith("run_sim.py: ") and "cannot be written" in last


def test_parts_of_a_run_that_was_killed_are_removed(run: Path, suite: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    shutil.copytree(run, out)
    (out / "clips").mkdir(exist_ok=True)
    parts = [out / ".report.html.abcdefgh.part.html", out / "clips" / ".a-b-1.mp4.abcdefgh.part.mp4"]
    others = [out / ".own", out / "clips" / ".own.part.mp4"]
    for path in (*parts, *others):
        path.touch()
    assert run_sim.main(command(suite, out, "constant", "random")) == 0
    assert not any(path.exists() for path in parts) and all(path.exists() for path in others)


def test_tables_for_other_programs_hold_every_row(run: Path) -> None:
    table = pq.read_table(run / "rows.parquet").to_pylist()
    with (run / "rows.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(table) == len(lines) == 18
    columns = "agent scenario seed status collision_with at_fault avoidable impact_speed_mps route_completion"
    columns += " distance_m duration_s mean_speed_mps min_ttc_s comfort driving_score config_hash code_hash"
    for name in columns.split():
        assert name in table[0] and name in lines[0]
    assert {"scores.nuplan.total", "scores.nuplan.terms.ttc", "stages_ms.agent"} <= set(table[0])
    assert table[0]["versions.drive_stack"]
    assert {row["agent"] for row in table} == {"expert", "constant", "random"}


def test_another_suite_s_folder_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_sim.main(["evaluate", "--suite", "smoke", "--agent", "constant", "--out", str(run)]) == 2
    assert "holds rows of the suite tiny" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--seeds", "5"], "expected A:B"),
        (["--seeds", "7:7"], "expected A:B"),
        (["--suite", "standart"], "did you mean standard"),
        (["--agent", "modulr"], "did you mean modular"),
        (["--agent", "constant", "--agent", "random", "--set", "a=1"], "name the agent"),
    ],
)
def test_an_evaluation_that_cannot_be_driven_is_refused_in_one_line(
    extra: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sim.main(["evaluate", *extra, "--out", str(tmp_path / "x")]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1 and not (tmp_path / "x").exists()


# --- report --------------------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """Counts what a page holds, and checks that its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.count[tag] = self.count.get(tag, 0) + 1
        self.ids += [str(named["id"])] if "id" in named else []
        link = named.get("href") or named.get("xlink:href") or ""
        self.links += [link] if link else []
        assert not (named.get("src") or "data:").startswith(("http", "/", "file")), "something from outside"
        if tag not in ("meta", "link", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "link", "br", "img"):
            self.open.pop()


def test_the_page_is_complete_and_needs_nothing_from_outside(run: Path) -> None:
    text = (run / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert not [link for link in page.links if link.startswith("http")]
    assert "<script" not in text and "url(http" not in text
    failures = sum(row.result.status != "completed" for row in read_rows(run).values())
    assert failures > 0 and page.count["video"] == failures
    assert page.count["svg"] == 6  # forest, pairs, three distributions, time


def test_the_same_rows_make_the_same_page(run: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.html", tmp_path / "b.html"
    for path in (first, second):
        assert run_sim.main(["report", str(run), "--out", str(path)]) == 0
    assert first.read_bytes() == second.read_bytes()


def test_runs_are_compared_under_names_of_their_own(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    text = (other / "rows.jsonl").read_text(encoding="utf-8")
    (other / "rows.jsonl").write_text(re.sub('"drive_stack": "[^"]+"', '"drive_stack": "0.0.1"', text))
    found = read_runs([run, other])
    assert len(found.rows) == 36 and f"constant ({other.name})" in found.comparison.labels
    assert any("different versions" in note and "0.0.1" in note for note in found.notes)


def test_a_corrupt_line_is_named_and_left_out_of_the_page(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "corrupt"
    shutil.copytree(run, other)
    lines = (other / "rows.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    lines[4] = "{nonsense\n"
    (other / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    found = read_runs([other])
    assert len(found.rows) == 17
    assert re.search(r"rows\.jsonl:5: not valid JSON.*left out", found.notes[0])


def test_no_page_is_written_without_rows_or_for_another_schema(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sim.main(["report", str(tmp_path / "none")]) == 2
    assert "holds no rows" in capsys.readouterr().err
    other = tmp_path / "old"
    shutil.copytree(run, other)
    (other / "run.json").write_text('{"schema_version": 99}', encoding="utf-8")
    assert run_sim.main(["report", str(other)]) == 2
    assert "schema version 99, but this program reads 2" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_browser_shows_the_page_without_console_messages(run: Path, tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    done = subprocess.run(
        [
            *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *("--window-size=390,3000", f"--screenshot={picture}", (run / "report.html").as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in done.stderr
    assert picture.stat().st_size > 20_000


# --- replay --------------------------------------------------------------------------------------


def test_an_episode_is_replayed_as_it_was(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(read_rows(run).values())
    number = next(index for index, row in enumerate(rows, start=1) if row.result.status == "collision")
    assert run_sim.main(["replay", str(run), "--episode", str(number), "--headless"]) == 0
    printed = capsys.readouterr()
    assert "replayed bit for bit" in printed.out and "note" not in printed.err


def test_a_replay_says_what_changed_since(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "older"
    shutil.copytree(run, other)
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
    ("episode", "words"),
    [("0", "whole number from 1"), ("99", "episodes 1 to 18"), ("constant:cruise:7", "no such episode")],
)
def test_an_episode_that_does_not_exist_is_refused(
    run: Path, episode: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sim.main(["replay", str(run), "--episode", episode, "--headless"]) == 2
    assert words in capsys.readouterr().err

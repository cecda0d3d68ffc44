"""`evaluate` from the command line, on a suite that takes seconds."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from real_episodes import evaluate_command

import run_sim
from drive_stack.app.agent_evaluation import EvaluationSpec, run_evaluation
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.batch.row_file import open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row, error_result, without_timings
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.suite import load_suite, suites
from drive_stack.seeds import SeedSplit, split_of
from envs.scenarios.scenario import load_scenario, scenario_names


def world_name(scenario: str) -> str:
    return load_scenario(scenario).world_name


# --- suites --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(suites()))
def test_the_suites_of_the_package_can_be_driven(name: str) -> None:
    suite = load_suite(name)
    courses = suite.scenarios(scenario_names(), world_name)
    expected = SeedSplit.VALIDATION if name == "smoke" else SeedSplit.TEST
    assert {split_of(suite.first_seed + number) for number in range(suite.seeds)} == {expected}
    for course in courses:
        load_scenario(course)


def test_the_standard_suite_has_the_size_of_bench2drive() -> None:
    standard = load_suite("standard")
    courses = standard.scenarios(scenario_names(), world_name)
    assert len(courses) * standard.seeds == 220
    assert set(scenario_names()) <= set(courses)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\ndescription: x\nseeds: 0\ncourses: [{scenario: cruise}]", "seeds"),
        ("name: x\ndescription: x\nseeds: 1\ncourses: []", "courses"),
        ("name: x\ndescription: x\nseeds: 1\ncourses: [{scenario: cruise, grids: {}}]", "grid"),
    ],
)
def test_a_wrong_suite_is_refused_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        load_suite(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("courses", "message"),
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
def test_a_suite_with_a_repeated_course_is_refused(
    courses: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"name: x\ndescription: x\nseeds: 1\ncourses: [{courses}]", encoding="utf-8")
    for command in (["evaluate", "--agent", "constant"], ["collect"]):
        assert run_sim.main([*command, "--suite", str(path), "--out", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1 and not (tmp_path / "out").exists()


# --- rows ----------------------------------------------------------------------------------------


def test_every_driver_drives_every_course_and_the_expert_too(tiny_run: Path) -> None:
    rows = list(read_rows(tiny_run).values())
    assert len(rows) == 3 * 3 * 2
    assert {row.label for row in rows} == {"expert", "constant", "random"}
    for row in rows:
        assert set(row.result.scores) == {"carla_2_0", "carla_2_1", "nuplan", "pdms", "epdms"}
        assert (row.result.progress_of_expert is None) == (row.label == "expert")


def test_the_same_command_drives_nothing_again(
    tiny_run: Path, tiny_suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (tiny_run / "rows.jsonl").read_bytes()
    assert run_sim.main(evaluate_command(tiny_suite, tiny_run, "constant", "random")) == 0
    assert (tiny_run / "rows.jsonl").read_bytes() == before
    assert "12 of 12 episodes are there already" in capsys.readouterr().err


def test_two_workers_and_an_interrupted_run_drive_the_same(
    tiny_run: Path, tiny_suite: Path, tmp_path: Path
) -> None:
    out, wiring = tmp_path / "other", run_sim.make_wiring().batch
    spec = EvaluationSpec(
        out,
        load_suite(str(tiny_suite)),
        ("constant",),
        seeds=range(100_000, 100_001),
        driving=DrivingOptions(workers=2),
    )
    assert not run_evaluation(spec, wiring).failed
    rows = out / "rows.jsonl"
    rows.write_bytes(rows.read_bytes()[:-40])  # as a kill leaves it
    assert run_sim.main([*evaluate_command(tiny_suite, out, "constant", "random"), "--workers", "2"]) == 0
    assert without_timings(read_rows(out).values()) == without_timings(read_rows(tiny_run).values())


def test_progress_follows_a_reference_that_was_lost_and_driven_again(
    tiny_run: Path, tiny_suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row driven while the reference was lost is driven again with it; an agent that failed is not."""
    out = tmp_path / "lost"
    shutil.copytree(tiny_run, out)
    whole = read_rows(tiny_run)
    course = {row.label: row for row in whole.values() if row.result.seed == 100_001}  # the last scenario
    lost = error_result(task_of(course["expert"]), "the worker process was lost")
    without_reference = replace(course["constant"].result, progress_of_expert=None)
    failed = error_result(task_of(course["random"]), "no licence")
    with open_rows(out) as file:
        file.append(replace(course["expert"], lost=True, result=lost))
        file.append(replace(course["constant"], result=without_reference))
        file.append(replace(course["random"], result=failed))
    # without --retry-lost nothing is driven again
    assert run_sim.main(evaluate_command(tiny_suite, out, "constant", "random")) == 1
    assert "12 of 12 episodes are there already" in capsys.readouterr().err
    assert run_sim.main([*evaluate_command(tiny_suite, out, "constant", "random"), "--retry-lost"]) == 1
    assert "5 of 6 reference episodes are there already" in (messages := capsys.readouterr().err)
    assert "11 of 12 episodes are there already" in messages
    rows, expected = without_timings(read_rows(out).values()), without_timings(whole.values())
    assert rows.pop(course["random"].key).result.error == "no licence"
    del expected[course["random"].key]
    assert rows == expected


def task_of(row: Row) -> BatchTask:
    result = row.result
    return BatchTask(
        result.scenario,
        result.seed,
        row.label,
        label=row.label,
        config_hash=row.config_hash,
        privileged=result.privileged,
    )


def test_the_number_of_saved_rows_is_printed_if_the_report_cannot_be_written(
    tiny_run: Path, tiny_suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "blocked"
    shutil.copytree(tiny_run, out)
    (out / "report.html").unlink()
    (out / "report.html").mkdir()
    assert run_sim.main(evaluate_command(tiny_suite, out, "constant", "random")) == 2
    saved, last = capsys.readouterr().err.splitlines()[-2:]
    assert saved == "all 18 episodes are kept; the same command goes on from there"
    assert last.startswith("run_sim.py: ") and "cannot be written" in last


def test_parts_of_a_run_that_was_killed_are_removed(tiny_run: Path, tiny_suite: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    shutil.copytree(tiny_run, out)
    (out / "clips").mkdir(exist_ok=True)
    parts = [out / ".report.html.abcdefgh.part.html", out / "clips" / ".a-b-1.mp4.abcdefgh.part.mp4"]
    others = [out / ".own", out / "clips" / ".own.part.mp4"]
    for path in (*parts, *others):
        path.touch()
    assert run_sim.main(evaluate_command(tiny_suite, out, "constant", "random")) == 0
    assert not any(path.exists() for path in parts) and all(path.exists() for path in others)


def test_tables_for_other_programs_contain_every_row(tiny_run: Path) -> None:
    table = pq.read_table(tiny_run / "rows.parquet").to_pylist()
    with (tiny_run / "rows.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(table) == len(lines) == 18
    columns = "agent scenario seed status collision_with at_fault avoidable impact_speed_mps route_completion"
    columns += " distance_m duration_s mean_speed_mps min_ttc_s comfort driving_score config_hash code_hash"
    for name in columns.split():
        assert name in table[0] and name in lines[0]
    assert {"scores.nuplan.total", "scores.nuplan.terms.ttc", "stages_ms.agent"} <= set(table[0])
    assert table[0]["versions.drive_stack"]
    assert {row["agent"] for row in table} == {"expert", "constant", "random"}


def test_another_suite_s_folder_is_refused(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_sim.main(["evaluate", "--suite", "smoke", "--agent", "constant", "--out", str(tiny_run)]) == 2
    assert "holds rows of the suite tiny" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--seeds", "5"], "expected A:B"),
        (["--seeds", "7:7"], "expected A:B"),
        (["--suite", "standart"], "did you mean standard"),
        (["--agent", "modulr"], "did you mean modular"),
        (["--agent", "constant", "--agent", "random", "--set", "a=1"], "name the agent"),
        (["--suite", "frontier", "--set", "modular:lens=1"], "unknown key"),  # before all hazards are checked
    ],
)
def test_an_evaluation_that_cannot_be_driven_is_refused_in_one_line(
    extra: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_sim.main(["evaluate", *extra, "--out", str(tmp_path / "x")]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not (tmp_path / "x").exists()

"""The command `study`: its options, and a whole study of a few rows."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import run_sim
from drive_stack.study.config import load_plan
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow
from drive_stack.study.tables import read_table
from drive_stack.support.layout import CONFIGS

SCENARIOS = '["cruise[route_length=150]", "curves[route_length=150]"]'
STUDENT = f"""\
    student:
      rows: 30
      first_seed: 60000
      scenarios: {SCENARIOS}
      student: {{network: policy, size: 60}}
      expert_fraction: 0.3
"""
ARMS = """\
  mid_to_end:
    learned: detector, lane network, a network from tracks and lanes to controls
    by_hand: lifting, tracking
    trainings: [{sizes: [150], seeds: 1}]
  affordances:
    learned: a network from the image to affordances
    by_hand: the driver that acts on them
    trainings: [{sizes: [150], seeds: 1}]
"""
NETWORKS = """\
  mid_to_end:
    config: mid_to_end.yaml
    overrides: [batch=16]
    updates: 8
    measure_every: 2
    patience: 2
  affordances:
    config: affordances.yaml
    overrides: [clip=4, batch=2]
    updates: 8
    measure_every: 2
    patience: 2
"""
# The quick plan, with everything smaller: text → its replacement.
SMALLER = {
    "name: study_quick": "name: study_tiny",
    "sizes: [1000, 4000]": "sizes: [60, 150]",
    "size: 1000\n": "size: 60\n",
    "&scenarios [cruise, curves, slow_lead, pedestrian_crossing]": f"&scenarios {SCENARIOS}",
    "rows: 2000": "rows: 60",
    "rows: 800": "rows: 30",
    "references:": ARMS + "references:",
    "courses: {": NETWORKS + "\ncourses: {",
    "  held_out:": STUDENT + "  held_out:",
    "overrides: [width=0.5]": "overrides: [width=0.25, batch=4, calibration_frames=4]",
    "config: lanes.yaml,": "config: lanes.yaml, overrides: [batch=4],",
    "config: policy.yaml,": "config: policy.yaml, overrides: [clip=4, batch=2],",
    "measure_every: 80": "measure_every: 2",
    "measure_every: 60": "measure_every: 2",
    "measure_every: 100": "measure_every: 2",
    "suite: standard": "suite: smoke",
    "seeds: 2, scenarios: *scenarios": "seeds: 1",
    "sizes: [4000]": "sizes: [150]",
    "fitted_up_to: 1000, target: 4000": "fitted_up_to: 60, target: 150",
}


@pytest.fixture
def tiny_plan(tmp_path: Path) -> Path:
    text = (CONFIGS / "study_quick.yaml").read_text(encoding="utf-8")
    for old, new in SMALLER.items():
        assert old in text, old
        text = text.replace(old, new)
    path = tmp_path / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["train", "--only", "modular"], "--only modular: expected ARM:SIZE:SEED, such as modular:4000:0"),
        (["--only", "modular:5:0"], "--only modular:5:0: the plan has no such training; its sizes: 1000"),
        (["--quick", "--config", "x.yaml"], "--quick: has a plan of its own; leave out --config"),
        (["train", "--hours", "1"], "--hours: goes without a stage"),
        (["--address", "here:1"], "--address: goes with --backend ray"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
        (["train"], "pool.json: the pool is not recorded yet; run: study record"),
        (
            ["predict"],
            "trainings up to 64,000 rows are not trained and driven yet, such as modular, 1,000 rows",
        ),
        (["report"], "trainings.parquet: no such file"),
    ],
)
def test_mistakes_are_named_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert run_sim.main(["study", *options, "--work", str(tmp_path / "work")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and message in lines[0]


def test_the_tiny_plan_is_a_plan(tiny_plan: Path) -> None:
    plan = load_plan(tiny_plan)
    assert plan.sizes == (60, 150) and list(plan.pool.parts)[-1] == "student"


@pytest.mark.slow
def test_a_whole_study_of_a_few_rows(
    tmp_path: Path, tiny_plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "work"
    command = ["study", "--config", str(tiny_plan), "--work", str(work), "--workers", "2"]
    assert run_sim.main(command) == 0
    trainings = read_table(work / "tables" / "trainings.parquet", TrainingRow)
    ids = {TrainingId(arm, size, 0) for arm in ("end_to_end", "modular") for size in (60, 150)}
    ids |= {TrainingId(arm, 150, 0) for arm in ("mid_to_end", "affordances")}
    assert {row.id for row in trainings} == ids
    for row in trainings:
        assert row.rows >= row.size and row.core_hours > 0.0 and row.decision_ms > 0.0
        assert (row.lane_error_m is not None) is (row.arm in ("modular", "mid_to_end"))
        assert (row.lateral_error is not None) is (row.arm in ("end_to_end", "mid_to_end"))
        assert row.controls == (row.rows if row.arm in ("end_to_end", "mid_to_end") else 0)
    drives = read_table(work / "tables" / "drives.parquet", DriveRow)
    assert len(drives) == 3 * (6 + 2) and {drive.suite for drive in drives} == {"smoke"}
    assert len({drive.course for drive in drives}) == 3 == sum(drive.arm == "expert" for drive in drives)
    assert len({drive.config_hash for drive in drives if drive.course == drives[0].course}) == 8
    page = (work / "report" / "README.md").read_text(encoding="utf-8")
    assert "| modular | 150 | 1 | 3 |" in page and "None." in page

    # a row and the drives of a training are lost: the same come again, from the same networks
    (work / "trainings" / "modular-000060-0.json").unlink()
    (work / "courses" / "validation" / "modular-000060-0" / "drives.parquet").unlink()
    capsys.readouterr()
    assert run_sim.main(command) == 0
    assert "networks trained" not in capsys.readouterr().out
    assert read_table(work / "tables" / "drives.parquet", DriveRow) == drives
    assert run_sim.main([*command, "train", "--only", "modular:60:*"]) == 0

"""The table of stages: which episodes are driven, what the table shows, and which input is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from batch_drivers import synthetic_result
from rich.console import Console

import run_sim
from agents.registry import config_of
from drive_stack.app.commands.stages import plan_ablation
from drive_stack.app.stage_ablation.columns import COLUMNS, STAGES, columns_named
from drive_stack.app.stage_ablation.figures import FIGURES
from drive_stack.app.stage_ablation.report import csv_of, markdown_of, show_table, write_table
from drive_stack.app.stage_ablation.rescues import describe_failure
from drive_stack.app.stage_ablation.table import StagesTable, stages_table
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.evaluation.statistics import wilson
from drive_stack.evaluation.summary import summarise_episodes
from envs.scenarios.scenario import scenario_names

WIRING = replace(run_sim.make_wiring().batch, scenarios=("cruise", "merge"))


def result(label: str, scenario: str, seed: int) -> EpisodeResult:
    return synthetic_result(BatchTask(scenario, seed, label, label=label, config_hash="now"))


def crashed(
    label: str, scenario: str, seed: int, *, into: str = "vehicle", at_fault: bool = True
) -> EpisodeResult:
    return replace(
        result(label, scenario, seed),
        status=Status.COLLISION,
        collision_with=into,
        at_fault=at_fault,
        route_completion=0.5,
    )


def rows(results: Iterable[EpisodeResult], config: str = "now", code: str = "code") -> list[Row]:
    return [Row(episode.agent, config, code, {}, False, 1.0, episode) for episode in results]


def table_of(own_rows: list[Row], current: frozenset[str] = frozenset(("now",))) -> StagesTable:
    return stages_table(own_rows, current, order=scenario_names())


# --- what is driven ------------------------------------------------------------------------------


def test_every_stage_has_a_column_that_replaces_it_alone() -> None:
    plain = config_of("modular", ("perception.threads=1",))
    for stage in STAGES:
        group, name = stage.split(".")
        (column,) = columns_named([name])
        config = config_of(column.agent, column.overrides)
        assert config is not None and plain is not None
        values, base = config.model_dump(), plain.model_dump()
        assert values[group][name] == "oracle" and base[group][name] != "oracle"
        values[group][name] = base[group][name]
        assert values == base


def test_the_column_all_uses_only_the_truth() -> None:
    (column,) = columns_named(["all"])
    config = config_of(column.agent, column.overrides)
    assert config is not None and config.privileged and not config.uses_camera
    stages = (config.tracking.tracker, config.prediction.predictor, config.perception.lanes)
    assert {*stages, config.control.lateral, config.control.longitudinal} == {"oracle"}


def test_the_plan_drives_all_scenarios_of_one_seed_before_the_next() -> None:
    tasks = plan_ablation(columns_named(["modular", "expert"]), ("cruise", "merge"), range(7, 9), WIRING)
    assert [(task.seed, task.scenario, task.label) for task in tasks] == [
        (seed, scenario, label)
        for seed in (7, 8)
        for scenario in ("cruise", "merge")
        for label in ("expert", "modular")
    ]
    assert len({task.config_hash for task in tasks}) == 4 and len({task.key for task in tasks}) == 8
    assert {task.label: (task.uses_camera, task.privileged) for task in tasks} == {
        "expert": (False, True),
        "modular": (True, False),
    }


def test_columns_differ_in_what_they_stand_for() -> None:
    tasks = plan_ablation(COLUMNS, ("cruise",), range(1), WIRING)
    assert len({task.config_hash for task in tasks}) == len(COLUMNS) == 10


# --- what the table shows -----------------------------------------------------------------------


def test_success_is_a_completed_route_with_no_collision_of_ones_own() -> None:
    good = result("expert", "cruise", 0)
    assert succeeded(good) and succeeded(replace(good, at_fault=False))
    assert not succeeded(replace(good, at_fault=True))
    assert not succeeded(replace(good, status=Status.TIMEOUT))


def test_wilson_gives_the_known_interval() -> None:
    assert wilson(9 / 10, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)  # by hand, with z = 1.96
    assert wilson(0.0, 5)[0] == 0.0 and wilson(1.0, 5)[1] == 1.0


def test_a_summary_worked_by_hand() -> None:
    own = [
        replace(result("modular", "cruise", 0), mean_speed_mps=9.0, comfort=0.5, duration_s=30.0),
        replace(crashed("modular", "cruise", 10, into="pedestrian"), mean_speed_mps=6.0),
        replace(crashed("modular", "merge", 0, at_fault=False), mean_speed_mps=50.0),
        replace(result("modular", "merge", 1), status=Status.ERROR, duration_s=0.0, comfort=0.0),
    ]
    expert = {("cruise", 0): result("expert", "cruise", 0), ("cruise", 10): result("expert", "cruise", 10)}
    summary = summarise_episodes(own, expert)
    assert (summary.episodes, summary.successes, summary.errors) == (4, 1, 1)
    assert (summary.at_fault, summary.hit_by_others, summary.pedestrian_collisions) == (1, 1, 0.25)
    assert summary.route_completion == pytest.approx(0.75)
    assert summary.speed_ratio == pytest.approx((9.0 + 6.0) / (10.0 + 11.0))  # the expert drove no merge
    assert summary.comfort == pytest.approx((30.0 * 0.5 + 10.0 + 10.0) / 50.0)  # by time
    assert summarise_episodes(own).speed_ratio is None


def example() -> list[Row]:
    """Modular fails one of four episodes. With the oracle detector it succeeds on that one and two others."""
    courses = [("cruise", 1), ("cruise", 2), ("merge", 1), ("merge", 2)]
    modular = [result("modular", *course) for course in courses[:3]] + [crashed("modular", "merge", 2)]
    detector = [result("detector", *course) for course in courses[1:]]
    return rows([*(result("expert", *course) for course in courses), *modular, *detector])


def test_the_gain_of_a_stage_is_measured_on_the_same_courses() -> None:
    table = table_of(example())
    assert table.labels == ("expert", "modular", "detector") and table.scenarios == ("cruise", "merge")
    assert table.gain == {"expert": 0.25, "modular": None, "detector": pytest.approx(1 / 3)}
    assert table.worst == {"expert": 1.0, "modular": 0.5, "detector": 1.0}
    assert table.unequal_episodes and table.cells["merge", "modular"].successes == 1


def test_a_failure_lists_the_columns_that_succeeded() -> None:
    (failure,) = table_of(example()).failures
    assert (failure.scenario, failure.seed) == ("merge", 2)
    assert failure.rescued_by == ("expert", "detector") and failure.rescuers == "every other column"
    both = [*example(), *rows([crashed("lanes", "merge", 2), result("lifter", "merge", 1)])]
    (failure,) = table_of(both).failures
    assert failure.not_rescued_by == ("lanes",) and failure.rescuers == "expert, detector"


@pytest.mark.parametrize(
    ("failed", "message"),
    [
        (
            replace(crashed("a", "b", 0), impact_speed_mps=10.0, fault_reason="ran into it"),
            "vehicle at 36 km/h: ran into it",
        ),
        (
            replace(result("a", "b", 0), status=Status.OFF_ROAD, route_completion=0.5),
            "off road after 50 % of the route",
        ),
        (
            replace(result("a", "b", 0), status=Status.ERROR, error="Traceback\nKeyError: 1\n"),
            "error: KeyError: 1",
        ),
    ],
)
def test_failures_are_described(failed: EpisodeResult, message: str) -> None:
    assert describe_failure(failed) == message


def test_figures_are_compared_with_their_requirements() -> None:
    table = table_of(example())
    failed = {figure.heading for figure in FIGURES if figure.passes(table, "modular") is False}
    assert failed == {"success ≥ 92 %", "· in each ≥ 80 %", "route ≥ 96 %"}
    assert not any(figure.passes(table, "expert") is False for figure in FIGURES)


def test_rows_of_the_present_configuration_count_else_the_latest() -> None:
    old = rows([crashed("modular", "cruise", 1), crashed("modular", "merge", 1)], "old", "older code")
    older = rows([result("modular", "cruise", 1)], "older", "older code")
    now = rows([result("modular", "cruise", 1)])
    table = table_of(now + older + old)
    assert table.cells["cruise", "modular"].successes == 1  # though driven first
    assert table.cells["merge", "modular"].successes == 0
    assert (table.outdated, table.omitted, table.code_versions) == (1, 2, 2)


def full_table_rows() -> list[Row]:
    """Ten seeds of every scenario and column, so that every cell has its maximum width."""
    return rows(
        crashed(column.label, scenario, 100_000 + seed)
        if seed == 3
        else result(column.label, scenario, 100_000 + seed)
        for column in COLUMNS
        for scenario in scenario_names()
        for seed in range(10)
    )


def test_the_whole_table_fits_its_terminal() -> None:
    console = Console(width=110, file=io.StringIO())
    show_table(table_of(full_table_rows()), console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert all(word in text for word in ("predictor", "longit.", "9/10", "pedestrian_crossing", "all"))
    assert "…" not in text and max(map(len, text.splitlines())) <= 110


def test_the_files_hold_the_table(tmp_path: Path) -> None:
    table = table_of(full_table_rows())
    for path in write_table(table, tmp_path):
        assert path.read_text() in (markdown_of(table), csv_of(table))
    assert len(list(tmp_path.iterdir())) == 2
    lines = list(csv.DictReader(io.StringIO(csv_of(table))))
    assert len(lines) == (len(scenario_names()) + 1) * len(COLUMNS)
    last = lines[-1]
    assert (last["scenario"], last["column"], last["success"]) == ("all", "all", "0.9000")
    grid, failed = markdown_of(table).split("\n\n")[:2]
    assert {line.count("|") for line in grid.splitlines()} == {len(COLUMNS) + 2}
    assert {line.count("|") for line in failed.splitlines()} == {5}
    assert len(failed.splitlines()) == len(scenario_names()) + 2


def test_a_table_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_table(table_of(example()), tmp_path / "nowhere")


# --- the command ---------------------------------------------------------------------------------


def test_report_only_shows_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_rows(tmp_path) as file:
        for row in example():
            file.append(row)
    assert run_sim.main(["stages", "--report-only", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "1/2" in out and "11 rows are from before a change" in out
    assert (tmp_path / "table.md").exists() and len(read_rows(tmp_path)) == 11


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "expert,detecter"], "did you mean detector or tracker?"),
        (["--scenarios", "cruise,,merge"], "expected names between commas"),
        (["--scenarios", "crusie"], "did you mean cruise"),
        (["--first-seed", "99999", "--seeds", "2"], "two of training, validation and test"),
        (["--report-only"], "holds no rows yet"),
    ],
)
def test_bad_input_gets_one_clear_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run_sim.main(["stages", "--out", str(out), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not out.exists()


@pytest.mark.slow
def test_the_command_drives_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["stages", "--only", "expert", "--scenarios", "stationary_lead", "--out", str(tmp_path)]
    assert run_sim.main([*command, "--seeds", "1"]) == 0
    assert "1/1" in capsys.readouterr().out
    assert run_sim.main([*command, "--seeds", "2", "--workers", "2"]) == 0
    captured = capsys.readouterr()
    assert "2/2" in captured.out and "1 of 2 episodes are there already" in captured.err

"""The study of lateral controllers: its paths, its measures and its tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_world import PLATFORM

import run_sim
from drive_stack.benchmarks.lateral_control import study as study_module
from drive_stack.benchmarks.lateral_control.figure import write_figure
from drive_stack.benchmarks.lateral_control.loop import CONDITIONS, Drive, drive, plan_along
from drive_stack.benchmarks.lateral_control.measures import measure
from drive_stack.benchmarks.lateral_control.paths import curvature_path, double_lane_change, study_paths
from drive_stack.benchmarks.lateral_control.study import Result, study
from drive_stack.benchmarks.lateral_control.tables import COLUMNS, markdown_tables
from drive_stack.control.lqr import Lqr
from drive_stack.control.pure_pursuit import PurePursuit
from drive_stack.vehicle import DRY_GRIP
from envs.ego import Ego

CONTROLLERS = {"pure_pursuit": lambda: PurePursuit(PLATFORM), "lqr": lambda: Lqr(PLATFORM)}


def test_a_quarter_of_a_circle_ends_where_it_should() -> None:
    line = curvature_path([(50.0 * np.pi, 0.01, 0.01)])
    assert line.xy[-1] == pytest.approx([100.0, 100.0], abs=0.3)
    assert line.heading[-1] == pytest.approx(np.pi / 2.0, abs=0.003)


def test_a_clothoid_turns_by_half_its_length_times_its_curvature() -> None:
    line = curvature_path([(60.0, 0.0, 0.01), (60.0, 0.01, 0.0), (20.0, 0.0, 0.0)])
    assert line.heading[-1] == pytest.approx(0.6, abs=1e-3)
    assert np.abs(np.diff(line.curvature)).max() < 1e-4


def test_the_double_lane_change_goes_out_and_back() -> None:
    line = double_lane_change(25.0)
    assert line.xy[:, 1].max() == pytest.approx(3.5)
    assert line.xy[-1, 1] == pytest.approx(0.0, abs=1e-9)
    assert np.degrees(line.heading).max() == pytest.approx(
        np.degrees(np.arctan(1.875 * 3.5 / 60.0)), rel=1e-3
    )


@pytest.mark.parametrize("path", study_paths(), ids=lambda path: path.name)
def test_every_path_is_within_the_grip_of_the_tyres(path: object) -> None:
    line, speed = path.line, path.speed  # type: ignore[attr-defined]
    assert np.abs(line.curvature).max() * speed**2 < DRY_GRIP
    segments = np.diff(line.xy, axis=0)
    mean_heading = (line.heading[1:] + line.heading[:-1]) / 2.0
    assert np.arctan2(segments[:, 1], segments[:, 0]) == pytest.approx(
        mean_heading, abs=2e-3
    )  # headings fit the points


def test_a_plan_starts_at_the_car_and_noise_moves_it_laterally() -> None:
    line, ego = curvature_path([(400.0, 0.0, 0.0)]), Ego(PLATFORM.car)
    ego.reset(50.0, 0.5, 0.0, 20.0)
    plan = plan_along(line, ego, 20.0, np.zeros(3))
    assert plan.positions[0] == pytest.approx([0.0, -0.5])
    assert plan.positions[10] == pytest.approx([20.0, -0.5])
    noisy = plan_along(line, ego, 20.0, np.array([0.1, -0.1, 0.2]))
    assert noisy.positions[[0, 10, 20], 1] == pytest.approx([-0.4, -0.6, -0.3])
    assert np.gradient(noisy.positions[:, 1], noisy.positions[:, 0])[1:-1] == pytest.approx(
        np.tan(noisy.headings[1:-1]), abs=1e-6
    )


def test_measures_of_a_known_drive() -> None:
    lateral = np.array([1.0, 0.5, -0.2, 0.05])
    wheels, lateral_acceleration = np.array([0.0, 0.01, 0.03, 0.03]), np.array([0.0, 0.5, 0.5, 0.0])
    driven = Drive(0.5, lateral, -lateral / 10.0, wheels, lateral_acceleration, np.array([1.0, 3.0, 2.0]))
    measures = measure(driven)
    assert (measures.max_error, measures.overshoot, measures.settling_time) == (1.0, 0.2, 1.5)
    assert measures.rms == pytest.approx(np.sqrt((1.0 + 0.25 + 0.04 + 0.0025) / 4.0))
    assert measures.heading == pytest.approx(0.1)
    assert measures.steering_rate == pytest.approx(np.sqrt((0.02**2 + 0.04**2) / 3.0))
    assert (measures.jerk, measures.max_jerk) == (pytest.approx(np.sqrt(2.0 / 3.0)), 1.0)
    assert measures.milliseconds == 2.0


@pytest.fixture(scope="module")
def results() -> list[Result]:
    paths = tuple(path for path in study_paths() if path.name.startswith(("radius 500", "lane change, 25")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study_module, "study_paths", lambda: paths)
        return list(study(CONTROLLERS, Ego, PLATFORM, 1))


def test_the_study_repeats_bit_for_bit(results: list[Result]) -> None:
    assert len(results) == 2 * 3 * 2
    noisy = next(r for r in results if r.condition.noise > 0.0 and r.path.name == study_paths()[1].name)
    controller, rng = CONTROLLERS[noisy.controller](), np.random.default_rng((1, 0))
    again = drive(controller, Ego(PLATFORM.car), noisy.path, noisy.condition.noise, PLATFORM.dt, rng)
    assert np.array_equal(noisy.drive.lateral, again.lateral)


def test_noise_makes_it_worse_and_the_tables_say_so(results: list[Result]) -> None:
    jerk = {(r.path.name, r.controller, r.condition.name): r.measures.jerk for r in results}
    for (path, controller, condition), value in jerk.items():
        if condition.startswith("noisy"):
            assert value > jerk[path, controller, "as modelled"]
    text = markdown_tables(results)
    assert text.count("| lqr |") == 6 + 1  # and a heading
    greatest = next(r.measures.max_error for r in results if r.controller == "lqr")
    assert f"{greatest:.3f}" in text


def test_the_figure_is_the_same_twice(results: list[Result], tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        write_figure(results, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "<svg" in (tmp_path / "a.svg").read_text()


def test_an_unknown_setting_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_sim.main(["control", "--set", "control.mpc.jerks=1"]) == 2
    assert "jerk" in capsys.readouterr().err


def test_the_page_quotes_the_headings_paths_and_conditions_that_the_command_prints() -> None:
    page = (Path(__file__).parents[2] / "docs" / "drivers" / "control.md").read_text(encoding="utf-8")
    assert page.count(f"| {' | '.join(column.heading for column in COLUMNS)} |") == len(CONDITIONS)
    for path in study_paths():
        assert page.count(f"\n| {path.name} | pure_pursuit |") == len(CONDITIONS), path.name
    for condition in CONDITIONS:
        assert f"| {condition.name} |" in page and f"\n### {condition.name.capitalize()}\n" in page

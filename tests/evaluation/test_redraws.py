"""Paired courses whose hazard is unavoidable are drawn again, base and twins together."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_worlds import world
from synthetic_rows import row

import run_sim
from drive_stack.app.agent_evaluation import EvaluationSpec, plan_evaluation, tasks_of
from drive_stack.errors import ConfigError
from drive_stack.evaluation.redraws.records import MAX_REDRAWS, Redraw, replacement_seed
from drive_stack.evaluation.redraws.search import evaluate_hazard, find_redraws
from drive_stack.evaluation.redraws.sight import EYE_HEIGHT, is_in_sight, since_in_sight
from drive_stack.evaluation.run_facts import Driver, RunFacts, read_facts, write_facts
from drive_stack.evaluation.suite import Suite
from drive_stack.report.page import render
from drive_stack.report.runs import read_runs
from drive_stack.report.summary_files import ShiftSection, write_summary
from drive_stack.scenario_name import ScenarioName
from drive_stack.seeds import MAX_SEED, split_of
from drive_stack.shifts import families, load_family
from drive_stack.world_state import WorldState
from envs.hazards.unreactive_drive import drive_into_hazard, record_of

# 20 m/s: a car that cuts in 3 m ahead within 1.6 s, 30 km/h slower, leaves no time; 40 m ahead it does
CUT_IN = "actors: [{{kind: cut_in, side: left, gap: {gap}, slower_kmh: 30, after: 2, duration: 1.6}}]"
LATE, EARLY = CUT_IN.format(gap=3), CUT_IN.format(gap=40)
BASE, FIRST, SECOND = "cruise", "cruise[shift=animal/1]", "cruise[shift=animal/2]"
COURSES = (BASE, FIRST, SECOND)
TOO_LATE = "the risk showed too late"


class PlantedHazards:
    """Worlds with a cut-in that is unavoidable on the courses and seeds of ``late``, and only there."""

    def __init__(self, *late: tuple[str, int]) -> None:
        self.late = late

    def __call__(self, scenario: str, seed: int) -> Sequence[WorldState]:
        return record_of(world(LATE if (scenario, seed) in self.late else EARLY))


def test_a_late_cut_in_is_unavoidable_and_an_early_one_is_not() -> None:
    for text, avoidable in ((LATE, False), (EARLY, True)):
        records = record_of(world(text))
        verdict = evaluate_hazard(records)
        assert records[-1].contacts and not records[-2].contacts
        assert verdict is not None and verdict.avoidable is avoidable


def test_worlds_with_an_unavoidable_hazard_are_redrawn_and_others_are_not() -> None:
    planted = PlantedHazards((SECOND, 100_000), (FIRST, 110_000), (BASE, 100_002))
    redraws = find_redraws(COURSES, range(100_000, 100_003), planted)
    assert redraws == (
        Redraw(BASE, 100_000, 110_000, SECOND, TOO_LATE),
        Redraw(BASE, 100_000, 120_000, FIRST, TOO_LATE),
        Redraw(BASE, 100_002, 110_002, BASE, TOO_LATE),
    )
    assert find_redraws(COURSES, range(100_002, 100_003), planted) == redraws[2:]  # independent of others
    assert find_redraws((BASE, "curves"), range(100_002, 100_003), planted) == ()  # nothing is paired


def test_a_suite_without_an_avoidable_world_is_refused_in_one_line() -> None:
    seeds = [100_000, *(replacement_seed(100_000, number) for number in range(1, MAX_REDRAWS + 1))]
    planted = PlantedHazards(*((FIRST, seed) for seed in seeds))
    with pytest.raises(ConfigError, match=r"^cruise, seed 100000: .* any of 10 worlds") as caught:
        find_redraws((BASE, FIRST), [100_000], planted)
    assert "\n" not in str(caught.value)


@given(st.integers(0, MAX_SEED))
def test_replacements_are_of_the_same_split_and_differ(seed: int) -> None:
    replacements = [replacement_seed(seed, number) for number in range(1, MAX_REDRAWS + 1)]
    assert all(0 <= own <= MAX_SEED and split_of(own) is split_of(seed) for own in replacements)
    assert len({seed, *replacements}) == 1 + MAX_REDRAWS or seed >= MAX_SEED - MAX_SEED % 100_000


def test_base_and_twins_are_redrawn_together_and_the_suite_drives_what_was_drawn(tmp_path: Path) -> None:
    planted = PlantedHazards(("cruise[speed_limit_kmh=100; shift=unknown_object/2]", 100_001))
    wiring = replace(run_sim.make_wiring().batch, drive_into_hazard=planted)
    course = {"scenario": "cruise", "set": {"speed_limit_kmh": 100}}
    twin = {"scenario": "cruise", "set": {"speed_limit_kmh": 100, "shift": "unknown_object/2"}}
    suite = Suite.model_validate(
        {"name": "x", "description": "x", "seeds": 2, "first_seed": 100_000}
        | {"courses": [course, twin, {"scenario": "curves"}]}
    )
    plan = plan_evaluation(EvaluationSpec(tmp_path, suite, agents=("constant",)), wiring)
    base, shifted = plan.scenarios[:2]
    expected = [(base, 100_000), (shifted, 100_000), ("curves", 100_000)]
    expected += [(base, 110_001), (shifted, 110_001), ("curves", 100_001)]
    assert plan.facts.courses == expected
    for label in plan.drivers:
        assert [(task.scenario, task.seed) for task in tasks_of(plan, label, wiring)] == expected
    write_facts(tmp_path, plan.facts)
    assert read_facts(tmp_path) == plan.facts


@pytest.mark.parametrize("redraw_count", [0, 1])
def test_summary_and_page_show_the_number_of_redraws(tmp_path: Path, redraw_count: int) -> None:
    redraws = (Redraw("cruise", 100_000, 110_000, "cruise[shift=animal/2]", TOO_LATE),)[:redraw_count]
    facts = RunFacts(
        suite="x", scenarios=(BASE, SECOND), first_seed=100_000, seeds=2, drivers={"a": Driver(agent="a")},
        redraws=redraws,
    )  # fmt: skip
    rows = [row("a", name, seed) for name, seed in facts.courses]
    stale = row("a", BASE, 100_000 if redraws else 110_000)
    text = "".join(own.to_json() + "\n" for own in [*rows, stale])
    (tmp_path / "rows.jsonl").write_text(text, encoding="utf-8")
    write_facts(tmp_path, facts)
    runs = read_runs([tmp_path])
    assert len(runs.rows) == 4 and not runs.completeness.text
    markdown, record = write_summary(runs.comparison, tmp_path, ShiftSection(runs.drops, runs.paired_worlds))
    worlds = json.loads(record.read_text())["paired_worlds"]
    assert (worlds["count"], len(worlds["redraws"])) == (2, redraw_count)
    page = render(runs)
    assert "seeds 100000–100001" in page or redraws
    assert "seeds 100000–110000" not in page
    for output in (markdown.read_text(), page):
        assert ("1 redraw in 2 worlds" in output) == bool(redraws)
        assert ("No redraws in 2 worlds" in output) != bool(redraws)
    assert ("100000 → 110000" in page) == bool(redraws)


# --- sight ---------------------------------------------------------------------------------------


def test_a_hazard_is_in_sight_from_the_distance_at_which_it_is_recognised() -> None:
    records = record_of(world("actors: [{kind: stopped, at: 200}]"))
    actor = records[-1].contacts[0].actor_id
    foggy = [replace(own, conditions=replace(own.conditions, visibility=50.0)) for own in records]
    seen = since_in_sight(foggy, actor)
    station = float(seen[0].vehicles.station[0])
    assert 33.0 - 0.1 < station - seen[0].ego.station <= 35.0  # 0.7 · 50 m, records 2 m apart
    assert len(since_in_sight(records, actor)) == len(records)
    # from 72 km/h the careful driver needs 23 m to react and 26 m to brake
    clear, in_fog = evaluate_hazard(records), evaluate_hazard(foggy)
    assert clear is not None and clear.avoidable
    assert in_fog is not None and not in_fog.avoidable


def test_a_crest_hides_a_hazard_until_the_line_of_sight_touches_it() -> None:
    crest = (
        "{road: {kind: straight, grades: [{begins: 150, percent: 6, sag_radius: 3000}, "
        "{begins: 400, percent: -6, crest_radius: 5000}]}, route_length: 900, "
        "actors: [{kind: stopped, at: 700}]}"
    )
    records = record_of(world(crest))
    actor, last = records[-1].contacts[0].actor_id, records[-1]
    height, station = float(last.vehicles.height[0]), float(last.vehicles.station[0])
    first = since_in_sight(records, actor)[0]
    # a parabola of radius R hides what is farther than √(2·R)·(√h₁ + √h₂)
    expected = math.sqrt(2.0 * 5000.0) * (math.sqrt(EYE_HEIGHT) + math.sqrt(height))
    assert station - first.ego.station == pytest.approx(expected, abs=4.0)
    assert is_in_sight(last, actor)
    with pytest.raises(ValueError, match="no actor 99"):
        is_in_sight(last, 99)


# --- the drive -----------------------------------------------------------------------------------


def test_the_ego_does_not_react_to_the_hazard_but_follows_ordinary_traffic() -> None:
    planted = record_of(world("actors: [{kind: stopped, at: 200}]"))
    assert {round(own.ego.speed, 2) for own in planted} == {20.0}
    assert planted[-1].contacts[0].actor_id == 2001
    assert len(planted) < 121 and planted[0].time == 0.0
    behind_traffic = world("{traffic: {density: 40, speed_share: 0.5}, actors: [{kind: stopped, at: 1500}]}")
    record_of(behind_traffic)
    assert behind_traffic.outcome == "completed" and behind_traffic.ego.speed < 15.0
    assert record_of(world("traffic: {density: 5}")) == ()


HAZARDS = [name for name in families() if name not in ("latency", "mounting", "paint")]  # all others have one


@pytest.mark.slow
@pytest.mark.parametrize("family", HAZARDS)
def test_a_driver_that_does_not_react_meets_the_hazard_and_can_avoid_it(family: str) -> None:
    """A family whose hazard does not happen, or can seldom be avoided, measures nothing."""
    loaded, seeds = load_family(family), range(100_000, 100_006)
    for base, shift in itertools.product(loaded.bases, loaded.shifts):
        course = str(ScenarioName(base.scenario, (*base.name.settings, shift.setting)))
        verdicts = [evaluate_hazard(drive_into_hazard(course, seed)) for seed in seeds]
        met = [verdict for verdict in verdicts if verdict is not None]
        assert len(met) >= 5, course
        assert sum(verdict.avoidable for verdict in met) >= len(met) - 1, course


def test_the_same_course_gives_the_same_record() -> None:
    course = "slow_lead[shift=visibility/2]"
    first, second = drive_into_hazard(course, 100_000), drive_into_hazard(course, 100_000)
    assert [own.ego for own in first] == [own.ego for own in second]
    assert first and evaluate_hazard(first) == evaluate_hazard(second)
    assert drive_into_hazard("curves[shift=mounting/3]", 100_000) == ()

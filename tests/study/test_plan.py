"""The plan of the study: what is shipped, and mistakes in it."""

from pathlib import Path

import pytest

from drive_stack.config import load_model
from drive_stack.errors import ConfigError
from drive_stack.evaluation.suite import suites
from drive_stack.seeds import SeedSplit, split_of
from drive_stack.study.config import DEFAULT_PLAN, Phase, StudyPlan, load_plan
from drive_stack.study.running_plan import NetworkRule, Schedule, schedule
from drive_stack.support.layout import CONFIGS


def test_the_shipped_plan() -> None:
    plan = load_plan()
    assert plan.sizes == tuple(1000 * 2**step for step in range(8))
    assert plan.arms["modular"].seeds == {**dict.fromkeys(plan.sizes, 5), 128_000: 3}
    assert plan.arms["end_to_end"].seeds == plan.arms["modular"].seeds
    assert plan.arms["affordances"].seeds == {4000: 1, 16_000: 1, 64_000: 1, 128_000: 1}
    assert plan.trainings == 2 * 38 + 3 * 4
    assert {plan.courses_of(arm, plan.courses).seeds for arm in plan.arms} == {2}
    assert plan.courses_of("affordances", plan.frontier).seeds == 1
    assert {plan.courses.suite, plan.frontier.suite, plan.validation.suite} <= suites().keys()
    assert plan.analysis.pairs[0] == ("modular", "end_to_end")


def test_the_quick_plan() -> None:
    plan = load_plan(CONFIGS / "study_quick.yaml")
    courses = len(plan.driven.scenarios or ()) * plan.driven.seeds
    assert len(plan.sizes) == 2 and plan.trainings == 4 and courses == 8
    assert sum(part.rows for part in plan.pool.parts.values()) >= max(plan.sizes)


def test_the_pool_is_large_enough_and_of_training_seeds() -> None:
    plan = load_plan()
    rows = {name: part.rows for name, part in plan.pool.parts.items()}
    full = plan.provenance.mixtures["full"].parts
    assert full is not None and sum(rows[part] for part in full) >= max(plan.sizes)
    for mixture in plan.provenance.mixtures.values():
        assert sum(rows[part] for part in mixture.parts or rows) >= plan.provenance.size
    assert {split_of(part.first_seed) for part in plan.pool.parts.values()} == {SeedSplit.TRAINING}
    assert plan.phase is Phase.FINAL and plan.driven is plan.courses


@pytest.mark.parametrize(
    ("rows", "steps_per_pass", "passes", "epochs"),
    [
        (16_000, 1, 100, 10),  # 1,000 updates, measured every 100
        (16_000, 40, 3, 8),  # 25 passes, measured every 3
        (16_000, 300, 1, 3),
        (16_000, 5000, 1, 1),
        (1000, 10, 10, 5),  # half as many updates for a sixteenth of the rows
        (256_000, 100, 1, 20),  # and twice as many for sixteen times the rows
        (81_000, 100, 1, 15),
        (1, 1, 100, 1),
    ],
)
def test_the_schedule_of_a_training_by_hand(rows: int, steps_per_pass: int, passes: int, epochs: int) -> None:
    numbers = {"config": "x.yaml", "updates": 1000, "measure_every": 100, "patience": 3}
    rule = NetworkRule.model_validate(numbers)
    assert schedule(rule, rows, steps_per_pass) == Schedule(passes=passes, epochs=epochs, patience=3)


def test_a_rule_may_let_the_updates_grow_faster() -> None:
    numbers = {"config": "x.yaml", "updates": 1000, "head_updates": 2000, "measure_every": 100, "patience": 3}
    slow, fast = (NetworkRule.model_validate(numbers | {"growth": growth}) for growth in (None, 0.5))
    # for four times the rows √2 and 2 times the updates, of the head too
    assert [schedule(rule, 64_000, 1).epochs for rule in (slow, fast)] == [14, 20]
    assert fast.of_head is not None and schedule(fast.of_head, 4000, 1).epochs == 10
    # a network that keeps the common growth stays the same training, such as the kept students
    assert "growth" not in slow.content and "growth" in fast.content


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("sizes=[1000, 1000]", "sizes: sizes must increase"),
        ("arms.modular.trainings.0.sizes=[1001]", "1001 is not among the sizes 1000, 2000"),
        ("arms.modular.trainings.1.sizes=[1000]", "1000 is listed twice"),
        ("arms.modular.trainings.0.seeds=0", "greater than or equal to 1"),
        ("provenance.arm=nobody", "there is no arm 'nobody'; there are: modular, mid_to_end"),
        ("frontier.arms=[nobody]", "there is no arm 'nobody'"),
        ("frontier.sizes=[3]", "3 is not among the sizes"),
        ("analysis.pairs=[[modular, nobody]]", "there is no arm 'nobody'"),
        ("analysis.pairs=[[modular, modular]]", "a pair needs two different arms"),
        ("analysis.replicates=10", "greater than or equal to 100"),
        ("analysis.family=cubic", "Input should be 'shifted_power', 'power' or 'logistic'"),
        ("prediction.fitted_up_to=128000", "prediction.fitted_up_to: must be less than the target"),
        ("courses.first_seed=100000", "expected test seeds, from 200000 to 299999"),
        ("courses.seeds=100000", None),
        ("validation.first_seed=200000", "expected validation seeds, from 100000 to 199999"),
        ("frontier.first_seed=5", "expected test seeds"),
        ("prices.box.seconds=-1", "prices.box.seconds: Input should be greater than or equal to 0"),
        ("prices.box.second=1", "unknown key 'second'"),
        ("limits.hours=.inf", "limits.hours"),
        ("phase=fixed", "Input should be 'pilot' or 'final'"),
        ("pool.parts.expert.first_seed=100000", "expected training seeds, from 0 to 99999"),
        ("pool.parts.expert.suite=frontier", "frontier is held out of training"),
        ("pool.parts.expert.scenarios=['curves[shift=grade/1]']", "shifted courses are held out of training"),
        ("pool.parts.offset_start.scenarios=[cruise]", "give scenarios or a suite, not both"),
        ("pool.parts.traffic_blind.driver=package.module:Class", "expected a registered agent"),
        ("pool.parts.student_late.driver=expert", "give a driver or a student, not both"),
        ("pool.parts.student_late.student.size=200000", "the parts before it have 113,000 rows"),
        ("provenance.mixtures={expert: {what: alone, parts: [expert]}}", "the mixture 'full' is missing"),
        ("pool.parts.student_late.student.network=none", "there is no network 'none'"),
        ("pool.parts.perturbed.first_seed=0", "two parts begin with this seed"),
        ("pool.held_out.first_seed=0", "expected validation seeds, from 100000 to 199999"),
        ("provenance.mixtures.expert.parts=[nobody]", "the pool has no part 'nobody'"),
        ("networks.lanes.updates=0", "greater than or equal to 1"),
        ("rates.networks={}", "rates.networks: the rates of the network 'detector' are missing"),
        ("rates.courses={expert: 1.0}", "rates.courses: the rate of 'modular' is missing"),
    ],
)
def test_mistakes_are_named_in_one_line(override: str, message: str | None) -> None:
    if message is None:  # the last of the test seeds
        assert load_model(DEFAULT_PLAN, StudyPlan, [override]).courses.seeds == 100_000
        return
    with pytest.raises(ConfigError) as raised:
        load_model(DEFAULT_PLAN, StudyPlan, [override])
    assert f"--set {override.partition('=')[0]}" in str(raised.value)
    assert message in str(raised.value) and "\n" not in str(raised.value)


def test_a_mistake_in_a_file_is_named_with_its_line(tmp_path: Path) -> None:
    text = DEFAULT_PLAN.read_text(encoding="utf-8").replace("arm: end_to_end\n", "arm: end_to_and\n")
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    line = text.splitlines().index("  arm: end_to_and") + 1
    with pytest.raises(ConfigError, match=rf"study\.yaml:{line}: provenance\.arm: there is no arm"):
        load_plan(path)

"""The whole analysis, its prediction and its figures, on simulated studies."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_study import (
    END_TO_END,
    FIRST_SEED,
    MODULAR,
    SIZES,
    TrueCurve,
    drive,
    simulate,
    simulated_outcomes,
)

from drive_stack.config import load_model
from drive_stack.errors import ConfigError
from drive_stack.study.analysis import StudyAnalysis, analyse
from drive_stack.study.comparison.crossings import Crossing, NoCrossing
from drive_stack.study.config import DEFAULT_PLAN, Axis, Phase, StudyPlan, load_plan
from drive_stack.study.curves import FamilyName
from drive_stack.study.figures import crossing_text, write_figure
from drive_stack.study.prediction import compare_prediction, predict, read_prediction, write_prediction
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow

SHIPPED = load_plan().model_copy(update={"phase": Phase.FINAL})
PLAN = SHIPPED.model_copy(update={"analysis": SHIPPED.analysis.model_copy(update={"replicates": 100})})
CURVES = {"modular": MODULAR, "end_to_end": END_TO_END, "end_to_end_plain": TrueCurve(0.1, 0.85, 0.3)}
TRAININGS = {1000: 2, 4000: 2, 16_000: 2, 64_000: 2}
FITTED = {1000: 3, 4000: 3, 16_000: 3, 64_000: 3}
PREDICTED = dict.fromkeys(SIZES, 3)


def small_study(arms: dict[str, TrueCurve] = CURVES) -> tuple[list[TrainingRow], list[DriveRow]]:
    rows, drives = simulate(arms, trainings=TRAININGS, courses=40, seed=1)
    free = {"boxes": 0, "lane_frames": 0}
    return [replace(row, **free) if row.arm.endswith("plain") else row for row in rows], drives


@pytest.fixture(scope="module")
def analysis() -> StudyAnalysis:
    return analyse(PLAN, *small_study())


def test_every_arm_has_cells_curve_and_variance(analysis: StudyAnalysis) -> None:
    assert list(analysis.arms) == ["modular", "end_to_end", "end_to_end_plain"]  # as in the plan
    for arm in analysis.arms.values():
        assert [cell.size for cell in arm.cells] == list(TRAININGS)
        assert arm.sample is not None and len(arm.sample.curves.parameters) == 100
        assert len(arm.fits) == 3 and arm.variance is not None
        expected = 1.0 - arm.outcomes.failed[:2].mean()
        assert arm.cells[0].success.value == pytest.approx(expected)


def test_every_pair_is_compared_on_every_axis(analysis: StudyAnalysis) -> None:
    pairs = [("modular", "end_to_end"), ("modular", "end_to_end_plain"), ("end_to_end_plain", "end_to_end")]
    assert list(analysis.differences) == pairs
    assert len(analysis.crossings) == len(pairs) * len(Axis)
    assert isinstance(analysis.crossing(pairs[0], Axis.MINUTES), Crossing)
    assert isinstance(analysis.crossing(pairs[0], Axis.DECISION_MS), NoCrossing)
    assert isinstance(analysis.crossing(pairs[1], Axis.LABEL_HOURS), NoCrossing)  # needs no labels
    assert analysis.crossing(("modular", "mid_to_end"), Axis.MINUTES) is None  # not trained yet
    sizes = [difference.size for difference in analysis.differences[pairs[0]]]
    assert sizes == list(TRAININGS)


def test_the_same_courses_leave_less_uncertainty(analysis: StudyAnalysis) -> None:
    new = analysis.crossing(("modular", "end_to_end"), Axis.MINUTES)
    same = next(item for item in analysis.same_courses if item.axis is Axis.MINUTES)
    assert isinstance(new, Crossing) and isinstance(same, Crossing)
    assert same.estimate == new.estimate
    assert same.position.high / same.position.low < new.position.high / new.position.low


def test_other_families_of_curves_give_an_estimate_too(analysis: StudyAnalysis) -> None:
    crossing = analysis.crossing(("modular", "end_to_end"), Axis.MINUTES)
    assert isinstance(crossing, Crossing)
    assert list(analysis.by_family) == list(FamilyName)
    assert analysis.by_family[FamilyName.SHIFTED_POWER] == pytest.approx(crossing.estimate)
    assert len(set(analysis.by_family.values())) == 3


def test_the_order_of_the_rows_does_not_matter(analysis: StudyAnalysis) -> None:
    rows, drives = small_study()
    again = analyse(PLAN, rows[::-1], drives[::-1])
    assert again.crossings == analysis.crossings
    assert [arm.cells for arm in again.arms.values()] == [arm.cells for arm in analysis.arms.values()]


def test_twice_the_prices_move_a_crossing_to_twice_the_cost(analysis: StudyAnalysis) -> None:
    overrides = [
        f"prices.{kind}.seconds={2.0 * seconds}" for kind, seconds in (("box", 7.0), ("lane_frame", 5.0))
    ]
    dear = load_model(DEFAULT_PLAN, StudyPlan, [*overrides, "phase=final", "analysis.replicates=100"])
    first, second = (
        item.crossing(("modular", "end_to_end"), Axis.LABEL_HOURS)
        for item in (analysis, analyse(dear, *small_study({"modular": MODULAR, "end_to_end": END_TO_END})))
    )
    assert isinstance(first, Crossing) and isinstance(second, Crossing)
    assert second.range == pytest.approx([2.0 * bound for bound in first.range])
    assert second.estimate == pytest.approx(2.0 * first.estimate)
    assert second.position.low == pytest.approx(2.0 * first.position.low)
    assert second.never == first.never


def test_an_unfinished_study_is_analysed_as_far_as_it_goes() -> None:
    rows, drives = small_study({"modular": MODULAR, "end_to_end": END_TO_END})
    assert analyse(PLAN, [], []).arms == {}
    two_sizes = [item for item in drives if item.size <= 4000]
    partial = analyse(PLAN, rows, two_sizes[:-1])
    assert partial.incomplete == (TrainingId("end_to_end", 4000, 1),)
    assert partial.crossings == partial.same_courses == () and partial.by_family == {}
    assert partial.arms["modular"].sample is None
    assert [item.seeds for item in partial.differences["modular", "end_to_end"]] == [2, 1]


def test_provenance_and_references_are_kept_apart() -> None:
    rows, drives = simulate({"end_to_end": END_TO_END}, trainings={32_000: 4}, courses=10)
    expert = [replace(row, mixture="expert") for row in rows]
    worse = [replace(item, mixture="expert", success=False) for item in drives]
    constant = [
        replace(drive(rows[0], "cruise", FIRST_SEED + index, success=index < 1), arm="constant", size=0)
        for index in range(4)
    ]
    found = analyse(PLAN, [*rows, *expert], [*drives, *worse, *constant])
    assert list(found.provenance) == ["expert", "full"]
    (cell,) = found.provenance["expert"]
    assert (cell.trainings, cell.success.value) == (3, 0.0)  # the planned seeds
    assert found.provenance["full"][0].success.value > 0.5
    assert found.arms["end_to_end"].cells[0].trainings == 4
    assert found.references["constant"].value == 0.25


def test_an_arm_on_fewer_courses_is_compared_on_those(analysis: StudyAnalysis) -> None:
    rows, drives = small_study({"modular": MODULAR, "end_to_end": END_TO_END})
    kept = {item.course for item in drives[:20]}
    fewer = [item for item in drives if item.arm == "modular" or item.course in kept]
    found = analyse(PLAN, rows, fewer)
    assert len(found.arms["modular"].outcomes.courses) == 40
    assert found.differences["modular", "end_to_end"][0].courses == 20
    only = analyse(PLAN, rows, [item for item in drives if item.course in kept])
    assert found.crossings == only.crossings != analysis.crossings


def test_courses_that_are_cut_from_the_plan_are_ignored() -> None:
    """Trainings that drove two seeds stay in when the plan is cut to the first one."""
    rows, drives = small_study({"modular": MODULAR, "end_to_end": END_TO_END})
    first = PLAN.courses.first_seed
    later = [item for item in drives if item.seed == first or item.size < 64_000]  # driven after the cut
    cut = PLAN.model_copy(update={"courses": PLAN.courses.model_copy(update={"seeds": 1})})
    found = analyse(cut, rows, later)
    assert found.incomplete == () and len(found.finished) == len(rows)
    assert {seed for _, seed in found.arms["modular"].outcomes.courses} == {first}
    assert len(analyse(PLAN, rows, later).incomplete) == 4


@pytest.mark.parametrize("axis", Axis)
def test_figures_show_every_arm_and_are_reproducible(
    analysis: StudyAnalysis, axis: Axis, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    write_figure(analysis, axis, first)
    write_figure(analysis, axis, second)
    text = first.read_text(encoding="utf-8")
    assert text == second.read_text(encoding="utf-8")
    comments = re.findall(r"<!-- (.*?) -->", text)  # matplotlib draws text as paths, with the text above
    assert {"modular", "end to end"} <= set(comments)
    free = any("end to end plain: costs nothing here (64,000 rows)" in comment for comment in comments)
    assert free == (axis is Axis.LABEL_HOURS)
    crosses = axis is not Axis.DECISION_MS
    assert any("end to end overtakes modular" in comment for comment in comments) == crosses
    assert ("95 % interval of the crossing" in comments) == crosses


def test_crossings_in_words(analysis: StudyAnalysis) -> None:
    crossing = analysis.crossing(("modular", "end_to_end"), Axis.MINUTES)
    assert isinstance(crossing, Crossing)
    position = replace(crossing.position, low=0.0, high=np.inf)
    wide = replace(crossing, estimate=1234.5, position=position, never_in_range=0.125)
    assert crossing_text(wide) == (
        "by the curves end to end would overtake modular at 1,200 min, beyond what was measured\n"
        "95 % interval: the start to never; probability of no crossing within the range: 12 %"
    )
    measured = replace(wide, range=(1.0, 1235.0))
    assert crossing_text(measured).startswith("end to end overtakes modular at 1,200 min\n")
    ahead = replace(wide, estimate=0.0, position=replace(position, high=0.0))
    assert crossing_text(ahead).startswith(
        "end to end is ahead of modular over the whole range\n95 % interval: the start; probability"
    )
    assert crossing_text(replace(wide, estimate=np.inf)).startswith("end to end does not overtake modular")


def plan_with(replicates: int) -> StudyPlan:
    return SHIPPED.model_copy(
        update={"analysis": SHIPPED.analysis.model_copy(update={"replicates": replicates})}
    )


def test_a_prediction_is_made_from_smaller_sizes_alone_and_compared_later(tmp_path: Path) -> None:
    arms = simulated_outcomes(CURVES, trainings=PREDICTED, seed=5)
    smaller = {arm: own.where(lambda row: row.size <= 64_000) for arm, own in arms.items()}
    planned = {"modular": 3, "end_to_end": 3}
    settings = plan_with(200).analysis
    record = predict(smaller, planned, settings, SHIPPED.prediction)
    assert record == predict(arms, planned, settings, SHIPPED.prediction)
    assert [item.arm for item in record.arms] == ["modular", "end_to_end"]
    for item, curve in zip(record.arms, (MODULAR, END_TO_END), strict=True):
        assert item.low < 1.0 - curve.failure(128_000) < item.high
        assert item.low < item.success < item.high and item.high - item.low < 0.3
        assert len(item.by_family) == 3 and item.by_family[record.family] == item.success
    path = tmp_path / "prediction.json"
    write_prediction(record, path)
    assert read_prediction(path) == record
    errors = compare_prediction(record, arms)
    for error in errors:
        target = arms[error.predicted.arm].where(lambda row: row.size == 128_000)
        assert error.trainings == 3 and error.observed == pytest.approx(1.0 - target.failed.mean())
        assert error.error == pytest.approx(error.predicted.success - error.observed)
        assert error.within == (error.predicted.low <= error.observed <= error.predicted.high)
    assert compare_prediction(record, smaller) == ()


def test_a_prediction_of_other_drives_is_refused() -> None:
    arms = simulated_outcomes({"modular": MODULAR}, trainings=FITTED, courses=20)
    record = predict(arms, {"modular": 3}, plan_with(100).analysis, SHIPPED.prediction)
    other = simulated_outcomes({"modular": MODULAR}, trainings=FITTED, courses=20, seed=9)
    with pytest.raises(
        ConfigError, match="prediction: modular: the drives that it was made from have changed"
    ):
        compare_prediction(record, other)


@pytest.mark.parametrize(
    ("trainings", "predicted"),
    [
        ({1000: 3, 4000: 3, 128_000: 3}, 0),  # two sizes
        ({1000: 3, 4000: 2, 16_000: 3}, 0),  # two seeds of one size
        ({1000: 3, 4000: 3, 16_000: 3}, 1),
    ],
)
def test_arms_with_few_sizes_or_seeds_are_not_predicted(trainings: dict[int, int], predicted: int) -> None:
    arms = simulated_outcomes({"modular": MODULAR}, trainings=trainings, courses=20)
    record = predict(arms, {"modular": 3}, plan_with(100).analysis, SHIPPED.prediction)
    assert len(record.arms) == predicted


def test_trainings_that_are_added_after_a_prediction_do_not_count() -> None:
    arms = simulated_outcomes({"modular": MODULAR}, trainings=dict.fromkeys(FITTED, 4) | {128_000: 4})
    first = {"modular": arms["modular"].where(lambda row: row.seed < 3)}
    record = predict(first, {"modular": 3}, plan_with(100).analysis, SHIPPED.prediction)
    assert compare_prediction(record, arms) == compare_prediction(record, first) != ()


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "cannot be read"), ("{}", "fitted_up_to: Field required"), ("[]", "valid dictionary")],
)
def test_files_that_are_no_prediction_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "prediction.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as raised:
        read_prediction(path)
    assert str(raised.value).startswith(str(path)) and "\n" not in str(raised.value)


def test_an_observed_success_just_inside_and_just_outside_the_interval() -> None:
    arms = simulated_outcomes({"modular": MODULAR}, trainings=FITTED | {128_000: 1}, courses=20)
    (item,) = predict(arms, {"modular": 3}, plan_with(100).analysis, SHIPPED.prediction).arms
    record = predict(arms, {"modular": 3}, plan_with(100).analysis, SHIPPED.prediction)
    (error,) = compare_prediction(record, arms)
    for low, high, within in [
        (error.observed, 1.0, True),
        (0.0, error.observed, True),
        (error.observed + 1e-6, 1.0, False),
        (0.0, error.observed - 1e-6, False),
    ]:
        changed = record.model_copy(update={"arms": (item.model_copy(update={"low": low, "high": high}),)})
        assert compare_prediction(changed, arms)[0].within == within

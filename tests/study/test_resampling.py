"""Bootstrap weights, means, variance components and paired comparisons."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_study import (
    END_TO_END,
    MODULAR,
    TrueCurve,
    drive,
    simulate,
    simulated_outcomes,
    training_row,
)

from drive_stack.evaluation.statistics import Estimate, exact_paired_test, paired_fraction_difference, wilson
from drive_stack.study.cells import cells_of
from drive_stack.study.comparison.paired import compare_at_equal_sizes
from drive_stack.study.outcomes import Outcomes, collect
from drive_stack.study.resampling import Resampling, percentile_interval, resample_means
from drive_stack.study.variance import split_variance

RESAMPLING = Resampling(4000, 0)


def outcomes_of(arm: str, successes: dict[int, list[str]]) -> Outcomes:
    """Outcomes from one word for each training of a size, with a letter for each course: . or x."""
    rows, drives = [], []
    for size, words in successes.items():
        for seed, word in enumerate(words):
            rows.append(training_row(arm, size, seed))
            drives += [
                drive(rows[-1], "cruise", 200_000 + index, success=letter == ".")
                for index, letter in enumerate(word)
            ]
    return collect(rows, drives, "standard").arms[arm]


def test_resampled_trainings_have_the_variance_of_a_mean() -> None:
    # three trainings 0, 1 and 5: mean 2, variance 7, variance of the mean 7/3; n of n draws would give 14/9
    weights = RESAMPLING.training_weights("modular", np.full(3, 1000), np.arange(3))
    means = weights @ np.array([0.0, 1.0, 5.0]) / 3.0
    assert means.mean() == pytest.approx(2.0, abs=0.1)
    assert means.var() == pytest.approx(7.0 / 3.0, rel=0.1)
    np.testing.assert_allclose(weights.sum(axis=1), 3.0)


def test_sizes_with_as_many_seeds_share_their_draws() -> None:
    sizes = np.array([1000, 1000, 2000, 4000, 4000, 4000, 8000, 8000])
    seeds = np.array([0, 1, 0, 0, 1, 2, 3, 2])
    weights = RESAMPLING.training_weights("modular", sizes, seeds)
    np.testing.assert_allclose(weights[:, :2].sum(axis=1), 2.0)
    np.testing.assert_array_equal(weights[:, 2], 1.0)
    np.testing.assert_allclose(weights[:, 3:6].sum(axis=1), 3.0)
    np.testing.assert_array_equal(weights[:, [7, 6]], weights[:, :2])  # by the rank of the seed
    assert len(np.unique(weights[:, :2], axis=0)) == 2


def test_effects_that_sizes_share_are_resampled_with_their_variance() -> None:
    """The bootstrap's variance of a mean over sizes is that of repeated studies; by sizes it is a fifth."""
    trainings = dict.fromkeys((1000, 2000, 4000, 8000, 16_000), 4)
    level = {"modular": TrueCurve(0.5, 0.0, 0.5)}
    resampling = Resampling(200, 0, courses=False)
    means, claimed, by_size = [], [], []
    for seed in range(120):
        own = simulated_outcomes(
            level, trainings=trainings, courses=60, seed_std=1.0, course_std=0.0, seed=seed,
            shared_effects=True,
        )["modular"]  # fmt: skip
        values = own.failed.astype(float)
        means.append(values.mean())
        claimed.append(resample_means(values, own, resampling).var())
        by_size.append(values.mean(axis=1).reshape(5, 4).var(axis=1, ddof=1).mean() / 20.0)
    assert np.mean(claimed) == pytest.approx(np.var(means, ddof=1), rel=0.4)
    assert np.mean(by_size) < 0.35 * np.mean(claimed)


def test_arms_share_their_courses_and_not_their_trainings() -> None:
    sizes = np.array([1000] * 5)
    courses = ["cut_in", "curves"] * 55
    assert np.array_equal(RESAMPLING.course_weights(courses), RESAMPLING.course_weights(courses))
    first, second = (
        RESAMPLING.training_weights(arm, sizes, np.arange(5)) for arm in ("modular", "end_to_end")
    )
    assert not np.array_equal(first, second)
    assert np.array_equal(first, RESAMPLING.training_weights("modular", sizes, np.arange(5)))
    assert not np.array_equal(first, Resampling(4000, 1).training_weights("modular", sizes, np.arange(5)))
    assert np.all(replace(RESAMPLING, courses=False).course_weights(courses) == 1.0)


def test_courses_are_resampled_within_their_scenarios() -> None:
    weights = RESAMPLING.course_weights(["a", "b", "b", "a", "a"])
    np.testing.assert_allclose(weights[:, [0, 3, 4]].sum(axis=1), 3.0)
    np.testing.assert_allclose(weights[:, [1, 2]].sum(axis=1), 2.0)
    # three courses 0, 1 and 5: variance of the mean 7/3
    assert (weights[:, [0, 3, 4]] @ [0.0, 1.0, 5.0] / 3.0).var() == pytest.approx(7.0 / 3.0, rel=0.1)
    single = RESAMPLING.course_weights(["a", "b", "c"])  # one course of each scenario
    assert (single @ [0.0, 1.0, 5.0] / 3.0).var() == pytest.approx(7.0 / 3.0, rel=0.1)
    np.testing.assert_array_equal(RESAMPLING.course_weights(["a"]), 1.0)


def test_means_over_courses_alone_have_the_variance_of_a_mean() -> None:
    # a single training that succeeds on 8 of 16 courses: variance of the mean 0.25 / 16
    outcomes = outcomes_of("modular", {1000: ["." * 8 + "x" * 8]})
    draws = resample_means((~outcomes.failed).astype(float), outcomes, RESAMPLING)
    assert draws.var() == pytest.approx(0.25 / 16.0, rel=0.1)
    estimate = percentile_interval(0.5, draws)
    assert estimate.low == pytest.approx(0.25, abs=0.07) and estimate.high == pytest.approx(0.75, abs=0.07)


def test_means_weigh_trainings_and_courses() -> None:
    outcomes = outcomes_of("modular", {1000: ["..x", "x.."]})
    values = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    resampling = Resampling(50, 3)
    trainings = resampling.training_weights("modular", outcomes.sizes, outcomes.seeds)
    courses = resampling.course_weights(["cruise"] * 3)
    expected = [t @ values @ c / t.sum() / c.sum() for t, c in zip(trainings, courses, strict=True)]
    np.testing.assert_allclose(resample_means(values, outcomes, resampling), expected)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["..", "xx"], (0.5, 0.0, 0.0)),  # mean squares 1, 0, 0: (1 − 0) / 2 courses
        ([".x", ".x"], (0.0, 0.5, 0.0)),
        ([".x", "x."], (0.0, 0.0, 1.0)),  # only the interaction: its sum of squares is 4 · 0.25
    ],
)
def test_variance_components_by_hand(words: list[str], expected: tuple[float, float, float]) -> None:
    split = split_variance(outcomes_of("modular", {1000: words}))
    assert split is not None
    assert (split.trainings, split.courses, split.rest) == pytest.approx(expected)
    assert split.total == pytest.approx(sum(expected))
    mean = split.of_mean(trainings=5, courses=10)
    assert (mean.trainings, mean.courses, mean.rest) == pytest.approx(
        (expected[0] / 5.0, expected[1] / 10.0, expected[2] / 50.0)
    )


def test_differences_between_sizes_are_no_variance() -> None:
    split = split_variance(outcomes_of("modular", {1000: ["xxx", "xxx"], 2000: ["...", "..."]}))
    assert split is not None and split.total == 0.0


def test_a_single_training_of_each_size_shows_no_variance() -> None:
    assert split_variance(outcomes_of("modular", {1000: ["x."], 2000: [".."]})) is None


def test_variance_components_of_a_simulation() -> None:
    # one size, no seed effect: no variance between trainings; a strong one: more than between courses
    still, moving = (
        split_variance(
            simulated_outcomes(
                {"modular": MODULAR}, trainings={1000: 60}, seed_std=std, course_std=1.0, seed=3
            )["modular"]
        )
        for std in (0.0, 2.0)
    )
    assert still is not None and moving is not None
    assert still.trainings < 0.002 and still.courses > 0.02
    assert moving.trainings > moving.courses


def test_paired_differences_use_the_paired_statistics() -> None:
    first = outcomes_of("modular", {1000: ["....x.", "..x..x"], 2000: ["......"]})
    second = outcomes_of("end_to_end", {1000: ["x.x.x.", "x.xx.."], 2000: ["xxxx.."]})
    small, large = compare_at_equal_sizes(first, second, RESAMPLING)
    a, b = (~first.failed[:2]).ravel().tolist(), (~second.failed[:2]).ravel().tolist()
    clusters = [*range(6), *range(6)]
    assert (small.size, small.seeds, small.courses) == (1000, 2, 6)
    assert small.of_these == paired_fraction_difference(a, b, clusters)
    assert large.of_new is None  # a single training shows no spread
    assert small.of_new is not None
    assert small.of_new.value == pytest.approx(3.0 / 12.0)  # 9 of 12 against 6 of 12
    assert small.of_new.low < small.of_new.value < small.of_new.high
    ps = [exact_paired_test(a, b, clusters), exact_paired_test([True] * 6, [False] * 4 + [True] * 2)]
    assert ps[1] == pytest.approx(0.125)  # four courses of one sign: 2 / 2⁴
    assert (small.p, large.p) == pytest.approx((max(ps), max(ps[1], 2.0 * min(ps))) if ps[0] > ps[1] else ps)


def test_an_arm_against_itself_makes_no_difference() -> None:
    outcomes = simulated_outcomes({"modular": MODULAR}, trainings={1000: 2})["modular"]
    (difference,) = compare_at_equal_sizes(outcomes, outcomes, RESAMPLING)
    assert difference.of_new is not None
    assert difference.of_new == difference.of_these  # no draw varies: Newcombe's interval by course
    assert difference.of_new.low < difference.of_new.value == 0.0 < difference.of_new.high
    assert difference.p == 1.0


def test_arms_change_places() -> None:
    arms = simulated_outcomes({"modular": MODULAR, "end_to_end": END_TO_END}, trainings={1000: 2, 4000: 2})
    forth = compare_at_equal_sizes(arms["modular"], arms["end_to_end"], RESAMPLING)
    back = compare_at_equal_sizes(arms["end_to_end"], arms["modular"], RESAMPLING)
    for one, other in zip(forth, back, strict=True):
        assert one.of_new is not None and other.of_new is not None
        assert one.of_new.low == pytest.approx(-other.of_new.high)
        assert one.of_these.low == pytest.approx(-other.of_these.high)
        assert one.p == pytest.approx(other.p)


def test_only_common_seeds_are_paired() -> None:
    first = outcomes_of("modular", {1000: ["..", "xx"]})
    second = outcomes_of("end_to_end", {1000: [".."]})
    (difference,) = compare_at_equal_sizes(first, second, RESAMPLING)
    assert difference.seeds == 1 and difference.of_these.value == 0.0


def test_cells_hold_the_means_of_their_drives() -> None:
    rows, drives = simulate({"modular": MODULAR}, trainings={1000: 2}, courses=4)
    drives = [
        replace(drives[0], success=False, collision_with="pedestrian", progress=0.2, driving_score=10.0),
        *(
            replace(item, success=True, collision_with=None, progress=1.0, driving_score=100.0)
            for item in drives[1:]
        ),
    ]
    (cell,) = cells_of(collect(rows, drives, "standard").arms["modular"], RESAMPLING)
    assert (cell.size, cell.trainings, cell.courses) == (1000, 2, 4)
    assert cell.success.value == 7.0 / 8.0
    assert cell.pedestrian_collisions.value == 1.0 / 8.0
    assert cell.vehicle_collisions.value == 0.0
    assert cell.progress.value == pytest.approx(0.9)
    assert cell.driving_score.value == pytest.approx(710.0 / 8.0)


def test_a_fraction_without_failures_has_the_interval_of_its_courses() -> None:
    (cell,) = cells_of(outcomes_of("modular", {1000: ["...." * 5] * 2}), RESAMPLING)
    assert cell.success == Estimate(1.0, *wilson(1.0, 20.0))
    assert cell.vehicle_collisions == Estimate(0.0, *wilson(0.0, 20.0))
    assert cell.success.low < 0.9 and cell.vehicle_collisions.high > 0.1


def test_success_in_the_lanes_allows_a_twentieth_of_the_distance_outside() -> None:
    rows, drives = simulate({"modular": MODULAR}, trainings={1000: 1}, courses=4)
    cases = ((True, 0.0), (True, 0.05), (True, 0.06), (False, 0.0))
    drives = [
        replace(drive, success=success, off_lane=off_lane)
        for drive, (success, off_lane) in zip(drives, cases, strict=True)
    ]
    (cell,) = cells_of(collect(rows, drives, "standard").arms["modular"], RESAMPLING)
    assert (cell.success.value, cell.success_in_lanes.value) == (0.75, 0.5)


def test_expert_progress_is_of_the_courses_that_the_expert_completed() -> None:
    rows, drives = simulate({"modular": MODULAR}, trainings={1000: 2}, courses=2)
    first, second = sorted({drive.course for drive in drives})
    known = {first: 0.5, second: None}
    drives = [replace(drive, progress_of_expert=known[drive.course]) for drive in drives]
    (cell,) = cells_of(collect(rows, drives, "standard").arms["modular"], RESAMPLING)
    assert cell.progress_of_expert is not None and cell.progress_of_expert.value == 0.5
    drives = [replace(drive, progress_of_expert=None) for drive in drives]
    (cell,) = cells_of(collect(rows, drives, "standard").arms["modular"], RESAMPLING)
    assert cell.progress_of_expert is None

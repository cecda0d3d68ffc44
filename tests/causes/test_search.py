"""The search for the smallest set of changes that averts a failure, and what is said about it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from failed_drives import CHILD, MOMENT, RuledDrives, synthetic_recording, synthetic_task

from drive_stack.causes.changes import (
    BrakesEarlier,
    Change,
    ExpertDrives,
    SceneChanged,
    StagesReplaced,
)
from drive_stack.causes.explain import run_search
from drive_stack.causes.explanation import DRIVER, NOTHING, cause_of, sentence_of
from drive_stack.causes.search import MARGIN, Findings, search
from drive_stack.evaluation.result import Status
from drive_stack.interventions.scene import SceneChange

BEFORE = 6.0  # [s]
STAGES = ("detector", "lifter", "tracker", "planner")
SINGLES: tuple[Change, ...] = (ExpertDrives(), *(StagesReplaced((stage,)) for stage in STAGES))


def searched(
    latest: Callable[[Change], float | None],
    changes: tuple[Change, ...] = SINGLES,
    unaffected: Callable[[Change], bool] = lambda change: False,
) -> tuple[Findings, RuledDrives]:
    recording = synthetic_recording()
    drives = RuledDrives(latest, recording.result, unaffected)
    return run_search(search(recording, synthetic_task(), changes, BEFORE), drives), drives


def explained(findings: Findings) -> tuple[str, str]:
    recording = synthetic_recording()
    return cause_of(findings, recording), sentence_of(findings, recording)


def stages_avert(*sets: set[str], latest: float = 2.0) -> Callable[[Change], float | None]:
    """Stages avert if they contain one of ``sets``; the expert averts up to 3 s before."""

    def rule(change: Change) -> float | None:
        if isinstance(change, ExpertDrives):
            return 3.0
        if not isinstance(change, StagesReplaced):
            return None
        return latest if any(needed <= set(change.stages) for needed in sets) else None

    return rule


@pytest.mark.parametrize("latest", [0.1, 1.3, 4.0, 5.9, 6.0])
def test_the_latest_instant_is_found_to_the_step(latest: float) -> None:
    findings, drives = searched(stages_avert({"tracker"}, latest=latest))
    tracker = next(finding for finding in findings.single if finding.change == StagesReplaced(("tracker",)))
    assert tracker.latest == pytest.approx(latest)
    bisected = sum(trial.change == StagesReplaced(("tracker",)) for trial in drives.trials)
    assert bisected <= 1 + math.ceil(math.log2(BEFORE / 0.1))


def test_what_does_not_avert_is_driven_once() -> None:
    _, drives = searched(stages_avert({"tracker"}))
    assert sum(trial.change == StagesReplaced(("planner",)) for trial in drives.trials) == 1


def test_a_single_stage_is_blamed_and_the_others_are_cleared() -> None:
    findings, _ = searched(stages_avert({"planner"}))
    cause, sentence = explained(findings)
    assert cause == "planner"
    assert sentence.startswith("Would have been averted had the planner been without fault from 2.0 s before")
    assert "Detector, lifter and tracker alone do not avert it." in sentence
    assert "takes over 3.0 s before the collision at the latest" in sentence


def test_the_tracker_is_not_blamed_for_what_an_earlier_stage_did() -> None:
    """The tracker's oracle does not read the detections, so that it averts what a blind detector causes."""
    findings, _ = searched(stages_avert({"detector"}, {"tracker"}))
    assert explained(findings)[0] == "detector"


def test_detector_and_lifter_together_clear_the_tracker() -> None:
    findings, _ = searched(stages_avert({"detector", "lifter"}, {"tracker"}))
    assert explained(findings)[0] == "detector + lifter"


def test_the_tracker_is_blamed_if_true_objects_do_not_help_it() -> None:
    findings, _ = searched(stages_avert({"tracker"}))
    assert explained(findings)[0] == "tracker"


def test_a_pair_is_found_where_no_stage_alone_averts() -> None:
    findings, _ = searched(stages_avert({"tracker", "planner"}))
    assert [finding.change for finding in findings.sets] == [StagesReplaced(("tracker", "planner"))]
    cause, sentence = explained(findings)
    assert cause == "tracker + planner"
    assert "had the tracker and the planner been without fault from 2.0 s" in sentence


def test_the_smallest_set_is_found_where_no_pair_averts() -> None:
    findings, _ = searched(stages_avert({"detector", "lifter", "planner"}))
    assert [finding.change for finding in findings.sets] == [
        StagesReplaced(("detector", "lifter", "planner"))
    ]


def test_no_pair_is_driven_if_all_stages_together_do_not_avert() -> None:
    findings, drives = searched(stages_avert())
    assert [trial.change for trial in drives.trials if trial.change not in SINGLES] == [
        StagesReplaced(STAGES)
    ]
    cause, sentence = explained(findings)
    assert cause == DRIVER
    assert sentence.startswith("No single change averts it. The expert averts it if it takes over 3.0 s")


def test_that_nothing_averts_is_said() -> None:
    findings, _ = searched(lambda change: None)
    cause, sentence = explained(findings)
    assert cause == NOTHING
    assert sentence == (
        "Nothing that was tried averts it, not even the expert from 6.0 s before the collision on."
    )


def scene(change: SceneChange) -> SceneChanged:
    return SceneChanged(change, CHILD)


def test_a_driver_that_is_blind_to_a_person_does_not_react_to_it() -> None:
    changes = (ExpertDrives(), scene(SceneChange.HIDDEN), scene(SceneChange.REMOVED))

    def latest(change: Change) -> float | None:
        return None if change == scene(SceneChange.HIDDEN) else 2.0

    findings, _ = searched(latest, changes, unaffected=lambda change: change == scene(SceneChange.HIDDEN))
    cause, sentence = explained(findings)
    assert cause == "no reaction to the child"
    assert "It drives the same whether the child is in the image or not." in sentence


def test_a_driver_that_would_react_to_a_car_is_told_apart() -> None:
    changes = (ExpertDrives(), scene(SceneChange.AS_CAR))
    findings, _ = searched(lambda change: 1.5, changes)
    cause, sentence = explained(findings)
    assert cause == "look of the child"
    assert "had the child looked like a car from 1.5 s before the collision on" in sentence


def test_removing_what_was_hit_is_no_cause() -> None:
    changes = (ExpertDrives(), scene(SceneChange.REMOVED))
    findings, _ = searched(lambda change: 2.0, changes)
    assert explained(findings)[0] == DRIVER


def test_it_is_said_if_only_the_absence_of_what_was_hit_averts() -> None:
    changes = (ExpertDrives(), scene(SceneChange.REMOVED))
    findings, _ = searched(lambda change: None if change == ExpertDrives() else 2.0, changes)
    cause, sentence = explained(findings)
    assert cause == NOTHING
    assert sentence.startswith("Nothing that was tried averts it but the absence of the child, not even")


def test_earlier_braking_is_late_braking() -> None:
    changes = (ExpertDrives(), BrakesEarlier(0.1), BrakesEarlier(0.2))
    findings, _ = searched(lambda change: None if change == BrakesEarlier(0.1) else 2.0, changes)
    cause, sentence = explained(findings)
    assert cause == "late braking"
    assert "had it braked 0.2 s earlier." in sentence


def test_a_drive_that_got_stuck_has_to_reach_its_end() -> None:
    stuck, hit = synthetic_recording(Status.STUCK), synthetic_recording()
    for recording, until in ((stuck, math.inf), (hit, MOMENT + MARGIN)):
        trials = next(search(recording, synthetic_task(), SINGLES, BEFORE))
        assert {trial.until for trial in trials} == {until}


def test_changes_are_made_at_most_from_the_start_on() -> None:
    trials = next(search(synthetic_recording(), synthetic_task(), SINGLES, 60.0))
    assert {trial.start for trial in trials} == {0.0}

"""Which changes are tried for a failure: those that can matter for the drive and its agent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from failed_drives import CHILD, synthetic_recording
from scenario_worlds import world

from agents.affordances import AffordancesConfig
from agents.facts import agent_facts
from agents.mid_to_end import MidToEndConfig
from agents.registry import config_of
from drive_stack.causes.candidates import candidates
from drive_stack.causes.changes import (
    Actor,
    BrakesEarlier,
    Change,
    ExpertDrives,
    NoHistory,
    SceneChanged,
    StagesReplaced,
)
from drive_stack.evaluation.batch.fingerprint import AgentFacts
from drive_stack.interventions.scene import SceneChange
from drive_stack.world_state import Conditions

BLIND = AgentFacts("blind", privileged=True, uses_camera=False, content="", weights={})
SEEING = replace(BLIND, uses_camera=True)
NEW_ROAD = Conditions(paint_wear=0.0)
REMOVED = SceneChanged(SceneChange.REMOVED, CHILD)


def tried(facts: AgentFacts, **changed: object) -> tuple[Change, ...]:
    recording = synthetic_recording()
    state = replace(recording.state, conditions=NEW_ROAD)
    return candidates(replace(recording, state=state, **changed), facts)  # type: ignore[arg-type]


def in_conditions(conditions: Conditions) -> tuple[Change, ...]:
    recording = synthetic_recording()
    return candidates(replace(recording, state=replace(recording.state, conditions=conditions)), SEEING)


def test_a_driver_without_a_camera_is_shown_no_other_image() -> None:
    assert tried(BLIND) == (ExpertDrives(), REMOVED)


def test_looks_are_tried_for_what_was_hit() -> None:
    looks = (SceneChange.HIDDEN, SceneChange.PLAIN_LOOK, SceneChange.AS_CAR)
    assert tried(SEEING) == (ExpertDrives(), *(SceneChanged(look, CHILD) for look in looks), REMOVED)


def test_another_actor_is_hidden_or_removed_but_not_drawn_otherwise() -> None:
    van = Actor(2001, "large vehicle", is_vehicle=True)
    of_van = [
        change for change in tried(SEEING, actors=(CHILD, van)) if getattr(change, "actor", None) == van
    ]
    assert of_van == [SceneChanged(SceneChange.HIDDEN, van), SceneChanged(SceneChange.REMOVED, van)]


@pytest.mark.parametrize(
    ("conditions", "change"),
    [
        (replace(NEW_ROAD, visibility=200.0), SceneChange.CLEAR_DAY),
        (Conditions(paint_wear=0.3), SceneChange.FRESH_PAINT),
    ],
)
def test_an_image_without_what_impairs_it_is_tried(conditions: Conditions, change: SceneChange) -> None:
    assert SceneChanged(change) in in_conditions(conditions)
    assert SceneChanged(change) not in in_conditions(NEW_ROAD)


def test_late_images_and_hills_are_tried_where_there_are_any() -> None:
    assert SceneChanged(SceneChange.ON_TIME) in tried(SEEING, late_images=True)
    hills = world("road: {kind: straight, lanes: 3, grades: [{begins: 5, percent: 6}]}").state()
    assert SceneChanged(SceneChange.FLAT) in candidates(replace(synthetic_recording(), state=hills), BLIND)
    assert SceneChanged(SceneChange.FLAT) not in tried(BLIND)


def test_only_a_driver_that_braked_can_brake_earlier() -> None:
    assert BrakesEarlier(0.1) not in tried(BLIND)
    assert {BrakesEarlier(0.1), BrakesEarlier(0.2)} < set(tried(BLIND, braking_since=9.0))


def test_every_stage_of_the_modular_driver_and_the_memory_of_the_policy_can_be_replaced() -> None:
    modular, policy = agent_facts("modular"), agent_facts("end_to_end")
    assert set(modular.replaceable_stages) == {
        "detector", "lifter", "tracker", "lanes", "grip", "predictor", "planner", "lateral", "longitudinal"
    }  # fmt: skip
    assert StagesReplaced(("planner",)) in tried(modular)
    assert NoHistory() in tried(policy)
    assert not {NoHistory()} & set(tried(modular))


def test_drivers_between_pipeline_and_end_to_end_have_stages_too() -> None:
    """Their networks may have no weights: only the configurations are read."""
    stages = {
        name: config.replaceable_stages
        for name in ("mid_to_end", "affordances")
        if isinstance(config := config_of(name), MidToEndConfig | AffordancesConfig)
    }
    assert stages == {
        "mid_to_end": ("detector", "lifter", "tracker", "lanes"), "affordances": ("affordances",)
    }  # fmt: skip


def test_an_oracle_is_replaced_only_if_a_fault_is_injected() -> None:
    settings = ("tracking.tracker=oracle", "perception.detector=none")
    assert "tracker" not in agent_facts("modular", settings).replaceable_stages
    assert "tracker" in agent_facts("modular", (*settings, "faults.tracker=late")).replaceable_stages

"""Which changes are tried for a failure."""

from __future__ import annotations

from collections.abc import Iterator

from drive_stack.causes.changes import (
    Actor,
    BrakesEarlier,
    Change,
    ExpertDrives,
    NoHistory,
    SceneChanged,
    StagesReplaced,
)
from drive_stack.causes.recording import Recording
from drive_stack.evaluation.batch.fingerprint import AgentFacts
from drive_stack.interventions.scene import SceneChange
from drive_stack.road.markings import PLAIN
from drive_stack.world_state import Conditions, Light, Weather

BRAKING_LEADS = (0.1, 0.2)  # [s]


def candidates(recording: Recording, facts: AgentFacts) -> tuple[Change, ...]:
    """The changes that can matter for a drive and its agent, the expert first."""
    return (
        ExpertDrives(),
        *(StagesReplaced((stage,)) for stage in facts.replaceable_stages),
        *([NoHistory()] if facts.has_history else []),
        *([BrakesEarlier(lead) for lead in BRAKING_LEADS] if recording.braking_since is not None else []),
        *(_image_changes(recording) if facts.uses_camera else ()),
        *([] if recording.state.road.profile.is_level else [SceneChanged(SceneChange.FLAT)]),
        *(SceneChanged(SceneChange.REMOVED, actor) for actor in recording.actors),
    )


def _image_changes(recording: Recording) -> Iterator[Change]:
    conditions = recording.state.conditions
    if not _is_clear_day(conditions):
        yield SceneChanged(SceneChange.CLEAR_DAY)
    if conditions.paint_wear > 0.0 or conditions.markings != PLAIN:
        yield SceneChanged(SceneChange.FRESH_PAINT)
    if recording.late_images:
        yield SceneChanged(SceneChange.ON_TIME)
    for actor in recording.actors:
        yield SceneChanged(SceneChange.HIDDEN, actor)
        if actor.is_hit:
            yield from (SceneChanged(look, actor) for look in _looks(actor))


def _looks(actor: Actor) -> Iterator[SceneChange]:
    if actor.is_vehicle or actor.is_person:
        yield SceneChange.PLAIN_LOOK
    if not actor.is_vehicle:
        yield SceneChange.AS_CAR


def _is_clear_day(conditions: Conditions) -> bool:
    plain = Conditions()
    is_day = conditions.light is Light.DAY and conditions.weather is Weather.CLEAR
    return is_day and conditions.visibility >= plain.visibility and conditions.optics.is_perfect

"""Findings as an explanation: the cause, and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drive_stack.causes.changes import (
    Actor,
    BrakesEarlier,
    Change,
    ExpertDrives,
    NoHistory,
    SceneChanged,
    StagesReplaced,
    is_of_hit_actor,
    joined,
)
from drive_stack.causes.recording import Recording
from drive_stack.causes.search import Finding, Findings
from drive_stack.causes.trials import settings_of
from drive_stack.interventions.scene import SceneChange

DRIVER = "no single cause; the expert averts it"
NOTHING = "nothing averts it, not even the expert"
# the oracle of the tracker makes up for errors of these stages: if one of them averts, it is the cause
_BEFORE_TRACKER = ("detector", "lifter")
_LOOKS = (SceneChange.PLAIN_LOOK, SceneChange.AS_CAR)


@dataclass(frozen=True, slots=True)
class Tried:
    """One change that was tried."""

    name: str
    averts: bool
    latest_s: float | None  # the latest instant at which it averts, before the failure
    no_effect: bool  # the drive failed in the same way at the same time
    settings: tuple[str, ...] = ()  # of the agent, that repeat the drive with the change at this instant


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a drive failed."""

    label: str  # of the agent in the run
    scenario: str
    seed: int
    config_hash: str  # of the row
    code_hash: str  # of the code that explained it
    time_s: float  # of the failure
    earliest_s: float  # instant at which changes were made at the earliest, before the failure
    cause: str
    sentence: str
    tried: tuple[Tried, ...]


def tried_of(findings: Findings, recording: Recording) -> tuple[Tried, ...]:
    """What was tried, as it is written to the file."""
    return tuple(
        Tried(
            finding.change.name,
            finding.averts,
            None if finding.latest is None else round(finding.latest, 3),
            finding.no_effect,
            settings_of(finding.change, max(recording.moment - (finding.latest or findings.earliest), 0.0)),
        )
        for finding in (*findings.single, *findings.sets)
    )


def cause_of(findings: Findings, recording: Recording) -> str:
    """The cause in a few words, as tables count it."""
    blamed = _blamed(findings)
    if blamed:
        return _cause_name(blamed[0].change)
    if _is_blind(findings, recording.hit) and _expert(findings).averts:
        return f"no reaction to the {recording.hit.name if recording.hit else 'object'}"
    return DRIVER if _expert(findings).averts else NOTHING


def sentence_of(findings: Findings, recording: Recording) -> str:
    """The explanation in one to three sentences."""
    blamed, event = _blamed(findings), recording.event
    parts = []
    if blamed:
        parts.append(_averted(blamed, recording))
        innocent = _innocent(findings)
        if innocent and isinstance(blamed[0].change, StagesReplaced):
            parts.append(f"{joined(innocent).capitalize()} alone {_do(innocent)} not avert it.")
    elif _expert(findings).averts:
        parts.append("No single change averts it.")
    else:
        tried = f"not even the expert from {findings.earliest:.1f} s before {event} on"
        parts.append(f"Nothing that was tried averts it{_but_absence(findings, recording.hit)}, {tried}.")
    if _is_blind(findings, recording.hit) and recording.hit is not None:
        parts.append(f"It drives the same whether the {recording.hit.name} is in the image or not.")
    if _expert(findings).averts:
        parts.append(_expert_sentence(_expert(findings), recording))
    return " ".join(parts)


def _blamed(findings: Findings) -> list[Finding]:
    """The smallest sets that avert, of the first kind in the order of `_KINDS` that has any.

    Stages that avert only because their oracles make up for earlier ones are left out.
    """
    averting = [finding for finding in (*findings.single, *findings.sets) if finding.averts]
    for is_kind in _KINDS:
        found = [finding for finding in averting if is_kind(finding.change)]
        if found:
            found.sort(key=lambda finding: _size(finding.change))
            upstream = [finding for finding in found if _is_before_tracker(finding.change)]
            return [f for f in found if not (upstream and _is_tracker(f.change))]
    return []


def _is_stage(change: Change) -> bool:
    return isinstance(change, StagesReplaced)


def _is_conditions(change: Change) -> bool:
    return isinstance(change, SceneChanged) and change.actor is None


def _is_look(change: Change) -> bool:
    return isinstance(change, SceneChanged) and change.change in _LOOKS


def _is_other_hidden(change: Change) -> bool:
    return _is_of_another(change, SceneChange.HIDDEN)


def _is_other_removed(change: Change) -> bool:
    return _is_of_another(change, SceneChange.REMOVED)


def _is_of_another(change: Change, kind: SceneChange) -> bool:
    is_kind = isinstance(change, SceneChanged) and change.change is kind
    return is_kind and not is_of_hit_actor(change, kind)


_KINDS: tuple[Callable[[Change], bool], ...] = (
    _is_stage,
    lambda change: isinstance(change, NoHistory),
    _is_conditions,
    _is_look,
    _is_other_hidden,
    lambda change: isinstance(change, BrakesEarlier),
    _is_other_removed,
)


def _size(change: Change) -> int:
    return len(change.stages) if isinstance(change, StagesReplaced) else 1


def _is_tracker(change: Change) -> bool:
    return isinstance(change, StagesReplaced) and change.stages == ("tracker",)


def _is_before_tracker(change: Change) -> bool:
    return isinstance(change, StagesReplaced) and set(change.stages) <= set(_BEFORE_TRACKER)


def _cause_name(change: Change) -> str:
    if isinstance(change, StagesReplaced):
        return " + ".join(change.stages)
    if isinstance(change, BrakesEarlier):
        return "late braking"
    if _is_look(change) and isinstance(change, SceneChanged) and change.actor is not None:
        return f"look of the {change.actor.name}"
    return change.name


def _innocent(findings: Findings) -> list[str]:
    """Stages that were tried alone and do not avert the failure."""
    return [
        finding.change.stages[0]
        for finding in findings.single
        if isinstance(finding.change, StagesReplaced) and not finding.averts
    ]


def _do(names: Sequence[str]) -> str:
    return "does" if len(names) == 1 else "do"


def _is_blind(findings: Findings, hit: Actor | None) -> bool:
    """Whether the drive is the same without the actor that was hit in the image."""
    hidden = [f for f in findings.single if is_of_hit_actor(f.change, SceneChange.HIDDEN)]
    return hit is not None and any(finding.no_effect for finding in hidden)


def _but_absence(findings: Findings, hit: Actor | None) -> str:
    """That the failure does not happen without the actor that was hit, if that was tried and is so."""
    removed = [f for f in findings.single if is_of_hit_actor(f.change, SceneChange.REMOVED)]
    return f" but the absence of the {hit.name}" if hit and any(f.averts for f in removed) else ""


def _expert(findings: Findings) -> Finding:
    return next(finding for finding in findings.single if isinstance(finding.change, ExpertDrives))


def _averted(blamed: Sequence[Finding], recording: Recording) -> str:
    first = blamed[0]
    latest = f" from {first.latest:.1f} s before {recording.event} on" if first.latest is not None else ""
    text = f"Would have been averted had {first.change.condition}{latest}"
    text += _tracked_late(first, recording)
    others = [f.change.condition for f in blamed[1:] if _size(f.change) == _size(first.change)]
    return text + (f", or had {', or had '.join(others)}" if others else "") + "."


def _tracked_late(finding: Finding, recording: Recording) -> str:
    """How much too late the actor that was hit was tracked; empty where it was tracked in time."""
    change, since, hit = finding.change, recording.tracked_since, recording.hit
    if hit is None or finding.latest is None or not isinstance(change, StagesReplaced):
        return ""
    if not {"detector", "lifter", "tracker"} & set(change.stages):
        return ""
    if since is None:
        return f" (it had no track near the {hit.name})"
    lead = recording.moment - since
    late = finding.latest - lead
    if late < recording.dt / 2.0:
        return ""
    return f" (it tracked the {hit.name} only {lead:.1f} s before, {late:.1f} s too late)"


def _expert_sentence(expert: Finding, recording: Recording) -> str:
    latest = expert.latest or 0.0
    text = f"The expert averts it if it takes over {latest:.1f} s before {recording.event} at the latest"
    if recording.braking_since is None:
        return f"{text}; the driver did not brake."
    lead = recording.moment - recording.braking_since
    if lead < latest - recording.dt / 2.0:
        return f"{text}; the driver braked only from {max(lead, 0.0):.1f} s before on."
    return f"{text}."

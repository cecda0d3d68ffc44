"""Whether a drive was repeated: which fields of two results of the same episode differ."""

from __future__ import annotations

import json

from drive_stack.evaluation.result import EpisodeResult

# Fields that a repeated drive does not reproduce: timings, and scores measured against the expert's drive.
NOT_COMPARED = ("stages_ms", "progress_of_expert", "scores")
_MAX_SHOWN = 4  # fields in the text


def difference(recorded: EpisodeResult, repeated: EpisodeResult) -> str | None:
    """The fields that differ, as text such as ``status collision → completed``; None where none does."""
    old, new = json.loads(recorded.to_json()), json.loads(repeated.to_json())
    changed = [name for name in old if name not in NOT_COMPARED and new[name] != old[name]]
    if not changed:
        return None
    fields = ", ".join(
        f"{name} {old[name]} → {new[name]}" for name in changed[:_MAX_SHOWN] if name != "error"
    )
    more = f" and {len(changed) - _MAX_SHOWN} more" if len(changed) > _MAX_SHOWN else ""
    return f"{fields}{more}"

"""Files that ``evaluate --inside`` writes into a run folder, one for each driver."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from drive_stack.evaluation.offline import OfflineErrors

PERCEPTION = "perception-{}.json"  # stage tables of a pipeline, by its label
OFFLINE = "offline-{}.json"  # offline errors of a policy, by its label
PERCEPTIONS, OFFLINES = "perception*.json", "offline-*.json"


class OfflineFile(BaseModel):
    """A policy's errors on the expert's drives."""

    model_config = ConfigDict(frozen=True)
    label: str
    episodes: tuple[OfflineErrors, ...]

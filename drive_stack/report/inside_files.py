"""Files that ``evaluate --inside`` leaves beside a run's rows, one for each driver."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from drive_stack.evaluation.offline import OfflineErrors

PERCEPTION = "perception-{}.json"  # of a pipeline, by its label
OFFLINE = "offline-{}.json"  # of a policy
PERCEPTIONS, OFFLINES = "perception*.json", "offline-*.json"


class OfflineFile(BaseModel):
    """A policy's errors on the expert's drives."""

    model_config = ConfigDict(frozen=True)
    label: str
    episodes: tuple[OfflineErrors, ...]

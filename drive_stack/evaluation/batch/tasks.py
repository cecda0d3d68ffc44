"""A task of a batch: an episode, the agent that drives it, and what its row needs."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.evaluation.episodes import EpisodeTask
from drive_stack.evaluation.schemes.scoring import ExpertDrive

Key = tuple[str, str, str, int]  # configuration hash, label, scenario, seed


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTask(EpisodeTask):
    """One episode of a batch."""

    label: str  # of the agent in reports
    config_hash: str  # of everything that determines the result, see `fingerprint`
    privileged: bool = False
    uses_camera: bool = True  # if not, no images are rendered
    world: str = ""  # seeds the scenario's worlds, see `Row.world`
    expert: ExpertDrive | None = None  # on the same course; the reference of the agent's progress

    @property
    def key(self) -> Key:
        """Identifies the row of this task."""
        return self.config_hash, self.label, self.scenario, self.seed

"""One episode to drive, as it is sent to another process."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.evaluation.schemes.scoring import ExpertDrive

Key = tuple[str, str, str, int]  # configuration hash, label, scenario, seed


@dataclass(frozen=True, slots=True)
class EpisodeTask:
    """Who drives where; all that a worker process needs to begin."""

    label: str  # what the row is called in a report
    agent: str  # registered name, configuration file or ``package.module:Class``
    overrides: tuple[str, ...]
    scenario: str
    seed: int
    config_hash: str  # of all that decides the result, see `fingerprint`
    privileged: bool = False
    camera: bool = True  # off for agents that never look
    world: str = ""  # what seeds its worlds, see `Row.world`
    expert: ExpertDrive | None = None  # on the same course, whom progress is measured by

    @property
    def key(self) -> Key:
        """What tells this episode's row from all others."""
        return self.config_hash, self.label, self.scenario, self.seed

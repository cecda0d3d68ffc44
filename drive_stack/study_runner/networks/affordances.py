"""The network that reads affordances off the image, trained from all rows of the drives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drive_stack.config import load_model
from drive_stack.learning.affordances.config import AffordanceTraining
from drive_stack.learning.affordances.job import write_network
from drive_stack.learning.affordances.labels import affordance_labels
from drive_stack.learning.affordances.training import train, with_labels
from drive_stack.learning.imitation.data import Clips, PolicyData, load_policy_episodes, open_episodes
from drive_stack.policy.affordance_network import WEIGHTS
from drive_stack.policy.image_network import head_path
from drive_stack.study.running_plan import NetworkRule, schedule
from drive_stack.study_runner.networks.counting import count_labels_of_rows, rows_of
from drive_stack.study_runner.networks.protocol import (
    EpisodeFiles,
    Labels,
    NetworkData,
    OfflineErrors,
    Report,
)


@dataclass(frozen=True, slots=True)
class AffordancesNetwork:
    """A `NetworkTraining` of the network of affordances."""

    config: AffordanceTraining
    rule: NetworkRule

    @classmethod
    def read(cls, path: Path, rule: NetworkRule) -> AffordancesNetwork:
        """Read the configuration. Raises `ConfigError` if it cannot be used."""
        return cls(load_model(path, AffordanceTraining, rule.overrides), rule)

    @property
    def files(self) -> tuple[str, ...]:
        """The weights of the trunk and of the head."""
        return WEIGHTS.name, head_path(WEIGHTS).name

    @property
    def settings(self) -> str:
        """Configuration and rule."""
        unused = {"recordings", "validation", "epochs", "patience", "seed"}
        return self.config.model_dump_json(exclude=unused) + self.rule.content

    def steps_per_pass(self, rows: int, frames: int) -> int:  # noqa: ARG002 - it learns from rows
        """Updates that show each row once; at least 1."""
        return max(rows // (self.config.clip * self.config.batch), 1)

    def fit(
        self,
        data: NetworkData,
        seed: int,
        folder: Path,
        inputs: Mapping[str, Path],  # noqa: ARG002 - it is trained on top of no other network
        report: Report,
    ) -> OfflineErrors:
        """Train; see `NetworkTraining`. What it estimates has no error that other arms have too."""
        with data.uncharged():
            learned, held_out = (self._read(part, data.cache) for part in (data.learned, data.held_out))
        steps = Clips.of(learned, self.config.clip).steps(self.config.batch)
        plan = schedule(self.rule, rows_of(data), steps)
        config = self.config.model_copy(update={"epochs": plan.epochs, "patience": plan.patience})
        fitted = train(
            learned, held_out, config, seed, folder, steps=plan.passes * steps, resume=True, report=report
        )
        write_network(fitted, folder, {})
        return OfflineErrors()

    def count_labels(self, episodes: EpisodeFiles) -> Labels:
        """The lanes of every row, and all boxes with distances."""
        return count_labels_of_rows(episodes)

    def _read(self, episodes: EpisodeFiles, cache: Path) -> PolicyData:
        views = self.config.network.views
        data = load_policy_episodes(episodes.drives, views, self.config.balance, cache)
        return with_labels(data, affordance_labels(open_episodes(episodes.drives)))

"""An end-to-end policy, trained from all rows of the drives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drive_stack.config import load_model
from drive_stack.learning.imitation.config import COMMAND, PolicyTraining, Round
from drive_stack.learning.imitation.data import Clips, PolicyData, load_policy_episodes
from drive_stack.learning.imitation.network import export
from drive_stack.learning.imitation.training import PolicyTrainer
from drive_stack.policy.image_network import head_path
from drive_stack.runtime.weights import write_card
from drive_stack.study.running_plan import NetworkRule, schedule
from drive_stack.study_runner.networks.counting import count_labels_of_rows, count_rows, rows_of
from drive_stack.study_runner.networks.protocol import (
    EpisodeFiles,
    Labels,
    NetworkData,
    OfflineErrors,
    Report,
)

TRUNK = "policy.trunk.onnx"
# their names seed the draw of the batches, together with the training's seed
_ROUND, _HEAD_ROUND = "study", "head"


@dataclass(frozen=True, slots=True)
class PolicyNetwork:
    """A `NetworkTraining` of a policy: in one round from random weights, then perhaps the head alone."""

    config: PolicyTraining
    rule: NetworkRule

    @classmethod
    def read(cls, path: Path, rule: NetworkRule) -> PolicyNetwork:
        """Read the configuration. Raises `ConfigError` if it cannot be used."""
        return cls(load_model(path, PolicyTraining, rule.overrides), rule)

    @property
    def files(self) -> tuple[str, ...]:
        """The weights of the trunk and of the head."""
        return TRUNK, head_path(Path(TRUNK)).name

    @property
    def settings(self) -> str:
        """Configuration and rule."""
        unused = {"rounds", "validation_seeds", "workers", "seed"}
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
        """Train and measure; see `NetworkTraining`."""
        with data.uncharged():
            learned = self._read(data.learned, data.cache)
            held_out = self._read(data.held_out, data.cache)
        steps = Clips.of(learned, self.config.clip).steps(self.config.batch)
        config = self.config.model_copy(update={"seed": seed, "patience": self.rule.patience})
        trainer = PolicyTrainer(config, folder, report)
        epochs = 0
        for name, rule in ((_ROUND, self.rule), (_HEAD_ROUND, self.rule.of_head)):
            if rule is not None:
                plan = schedule(rule, rows_of(data), steps)
                own = Round(name=name, seeds=1, first_seed=0, epochs=plan.epochs, frozen=name == _HEAD_ROUND)
                done = trainer.train_round(own, learned, held_out, resume=True, passes=plan.passes)
                epochs += len(done)
        trainer.discard_features()
        trunk = folder / TRUNK
        export(trainer.best, trunk)
        for path in (trunk, head_path(trunk)):
            write_card(path, COMMAND, {"layout": trainer.network.layout.model_dump(), "epochs": epochs})
        with data.uncharged():
            errors = trainer.evaluate(trainer.best, self._read(data.measured, data.cache))
        return OfflineErrors(acceleration_error=errors.longitudinal, lateral_error=errors.lateral)

    def count_labels(self, episodes: EpisodeFiles) -> Labels:
        """The controls of every row, and with auxiliary targets the lanes and all boxes with distances."""
        controls = Labels(controls=count_rows(episodes))
        if self.config.auxiliary_weight == 0.0:
            return controls
        return controls + count_labels_of_rows(episodes)

    def _read(self, episodes: EpisodeFiles, cache: Path) -> PolicyData:
        views = self.config.network.views
        return load_policy_episodes(episodes.drives, views, self.config.balance, cache)

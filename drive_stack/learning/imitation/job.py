"""The whole policy job: record drives, train in rounds, export, write the card."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from drive_stack.config import load_model
from drive_stack.datasets.drives.collection import CollectionSpec
from drive_stack.learning.imitation.card import CARD
from drive_stack.learning.imitation.config import COMMAND, PolicyTraining, Round
from drive_stack.learning.imitation.data import load_policy_data
from drive_stack.learning.imitation.network import export
from drive_stack.learning.imitation.training import Errors, PolicyTrainer
from drive_stack.learning.imitation.weight_files import install_weights
from drive_stack.learning.training.recordings import describe_recordings, recorded_folders
from drive_stack.learning.training.run_folder import start_run
from drive_stack.policy.image_network import head_path
from drive_stack.runtime.weights import write_card
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import make_folder
from drive_stack.support.layout import MODELS

NAME = "policy.trunk.onnx"


# records the missing drives of a specification; its return value is not used
Collect: TypeAlias = Callable[[CollectionSpec], object]


@dataclass(frozen=True, slots=True)
class PolicyJob:
    """The paths, settings and progress output of a run."""

    config: PolicyTraining
    collect: Collect
    recordings: Path
    work: Path
    report: Callable[[str], None] = print
    command: str = COMMAND  # that the cards say makes the weights

    def run(self) -> Path:
        """Run all rounds, resuming an interrupted one; returns the path of the trunk's weights."""
        trainer = PolicyTrainer(self.config, self.work, self.report)
        validation = self._recorded("validation", SeedSplit.VALIDATION.first, self.config.validation_seeds)
        folders: list[Path] = []
        errors: dict[str, list[Errors]] = {}
        trunk = self.work / NAME
        for number, current in enumerate(self.config.rounds):
            previous = self._weights(self.config.rounds[number - 1]) if current.dagger else None
            if current.recordings is not None:
                folders += recorded_folders(self.recordings, current.recordings)
            else:
                own = self._recorded(current.name, current.first_seed, current.seeds, current, previous)
                folders.append(own)
            views, cache = trainer.network.layout.views, self.work / "views"
            data = load_policy_data(folders, views, self.config.balance, cache)
            validation_data = load_policy_data([validation], views, self.config.balance, cache)
            self.report(f"{current.name}: {data.rows} training rows, {validation_data.rows} validation rows")
            errors[current.name] = trainer.train_round(current, data, validation_data, resume=True)
            trunk = self._export(trainer, current, folders, validation, errors)
        return trunk

    def _weights(self, training_round: Round) -> Path:
        return self.work / training_round.name / NAME

    def _recorded(
        self,
        name: str,
        first_seed: int,
        seeds: int,
        training_round: Round | None = None,
        driver: Path | None = None,
    ) -> Path:
        """Record the missing drives of a round, or of the validation set; returns their folder."""
        spec = CollectionSpec(
            out=self.recordings / name,
            first_seed=first_seed,
            seeds=seeds,
            every=self.config.every,
            workers=self.config.workers,
        )
        if training_round is not None:
            spec = replace(spec, suite=training_round.suite, perturbed=training_round.perturbed)
            if driver is not None:
                spec = _driven_by(spec, "end_to_end", (f"weights={driver}",), training_round.expert_fraction)
            elif training_round.driver is not None:
                spec = _driven_by(
                    spec,
                    training_round.driver,
                    training_round.driver_overrides,
                    training_round.expert_fraction,
                )
        self.collect(spec)
        return spec.out

    def _export(
        self,
        trainer: PolicyTrainer,
        training_round: Round,
        folders: Sequence[Path],
        validation: Path,
        errors: dict[str, list[Errors]],
    ) -> Path:
        """Write weights and cards after a round; returns the trunk's path."""
        trunk = self._weights(training_round)
        make_folder(trunk.parent)
        export(trainer.best, trunk)
        epochs = errors[training_round.name]
        kept = epochs[-1] if training_round.keeps_last else min(epochs, key=lambda epoch: epoch.loss)
        facts = {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "layout": trainer.network.layout.model_dump(),
            "weights": sum(value.numel() for value in trainer.best.parameters()),
            "rounds": {name: len(epochs) for name, epochs in errors.items()},
            "round": training_round.name,
            "minutes": round(trainer.seconds / 60.0, 1),
            "recordings": describe_recordings([*folders, validation]),
            "validation": kept.card_entry(),
        }
        for path in (trunk, head_path(trunk)):
            write_card(path, self.command, facts)
        return trunk


def _driven_by(
    spec: CollectionSpec, driver: str, overrides: tuple[str, ...], expert_fraction: float
) -> CollectionSpec:
    return replace(spec, driver=driver, driver_overrides=overrides, expert_fraction=expert_fraction)


def train_policy(
    config_path: Path,
    collect: Collect,
    *,
    overrides: Sequence[str] = (),
    recordings: Path = Path("runs/recordings"),
    work: Path = Path("runs/policy"),
    out: Path = MODELS,
    report: Callable[[str], None] = print,
    command: str = COMMAND,
) -> Path:
    """Record, train and install the policy; returns the path of the trunk's weights.

    Its cards say that ``command`` makes them.
    Existing recordings and checkpoints in ``recordings`` and ``work`` are reused. Raises `ConfigError` if the
    configuration or the recordings cannot be used, or the configuration differs from that of ``work``.
    """
    config = load_model(config_path, PolicyTraining, overrides)
    start_run(work, config, resume=True, may_change=("workers", "patience"))
    return install_weights(PolicyJob(config, collect, recordings, work, report, command).run(), out, CARD)

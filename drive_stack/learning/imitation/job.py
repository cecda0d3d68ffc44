"""The whole making of the end-to-end policy: recordings, rounds of training, export, card."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeAlias

from drive_stack.config import load_model
from drive_stack.datasets.drives.collection import CollectionSpec
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.manifest import read_manifest
from drive_stack.learning.imitation.card import card_markdown
from drive_stack.learning.imitation.config import COMMAND, PolicyTraining, Round
from drive_stack.learning.imitation.data import prepare
from drive_stack.learning.imitation.network import export
from drive_stack.learning.imitation.training import Errors, PolicyTrainer
from drive_stack.learning.training.run_folder import start_run
from drive_stack.policy.runner import head_path
from drive_stack.runtime.weights import MODELS, card_path, write_card
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import copy_whole, make_folder, write_whole

NAME = "policy.trunk.onnx"


# records the drives of a specification that are missing; what it returns is not used
Collect: TypeAlias = Callable[[CollectionSpec], object]


@dataclass(frozen=True, slots=True)
class PolicyJob:
    """Where everything lies and how to speak."""

    config: PolicyTraining
    collect: Collect
    recordings: Path
    work: Path
    report: Callable[[str], None] = print

    def run(self) -> Path:
        """All rounds, each taken up where it was broken off; returns the trunk's weights."""
        trainer = PolicyTrainer(self.config, self.work, self.report)
        validation = self._recorded("validation", SeedSplit.VALIDATION.first, self.config.validation_seeds)
        folders: list[Path] = []
        errors: dict[str, list[Errors]] = {}
        trunk = self.work / NAME
        for number, one in enumerate(self.config.rounds):
            teacher = self._weights(self.config.rounds[number - 1]) if one.dagger else None
            folders.append(self._recorded(one.name, one.first_seed, one.seeds, one, teacher))
            views, cache = trainer.network.layout.views, self.work / "views"
            data = prepare(folders, views, self.config.balance, cache)
            judged = prepare([validation], views, self.config.balance, cache)
            self.report(f"{one.name}: {data.rows} rows to learn from, {judged.rows} to judge by")
            errors[one.name] = trainer.learn(one, data, judged, resume=True)
            trunk = self._export(trainer, one, folders, validation, errors)
        return trunk

    def _weights(self, one: Round) -> Path:
        return self.work / one.name / NAME

    def _recorded(
        self, name: str, first_seed: int, seeds: int, one: Round | None = None, driver: Path | None = None
    ) -> Path:
        """The folder of a round's drives, recorded as far as they are missing."""
        spec = CollectionSpec(
            out=self.recordings / name,
            first_seed=first_seed,
            seeds=seeds,
            every=self.config.every,
            workers=self.config.workers,
        )
        if one is not None:
            spec = replace(spec, suite=one.suite, perturbed=one.disturbed)
            if driver is not None:
                spec = _driven_by(spec, "end_to_end", (f"weights={driver}",), one.expert_share)
            elif one.driver is not None:
                spec = _driven_by(spec, one.driver, one.driver_set, one.expert_share)
        self.collect(spec)
        return spec.out

    def _export(
        self,
        trainer: PolicyTrainer,
        one: Round,
        folders: Sequence[Path],
        validation: Path,
        errors: dict[str, list[Errors]],
    ) -> Path:
        """Weights and cards as they are after a round."""
        trunk = self._weights(one)
        make_folder(trunk.parent)
        export(trainer.best, trunk)
        best = min(errors[one.name], key=lambda found: found.loss)
        facts = {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "layout": trainer.network.layout.model_dump(),
            "weights": sum(value.numel() for value in trainer.best.parameters()),
            "rounds": {name: len(found) for name, found in errors.items()},
            "round": one.name,
            "minutes": round(trainer.seconds / 60.0, 1),
            "recordings": {folder.name: _about(folder) for folder in (*folders, validation)},
            "validation": asdict(best),
        }
        for path in (trunk, head_path(trunk)):
            write_card(path, COMMAND, facts)
        return trunk


def _driven_by(
    spec: CollectionSpec, driver: str, overrides: tuple[str, ...], expert_fraction: float
) -> CollectionSpec:
    return replace(spec, driver=driver, driver_overrides=overrides, expert_fraction=expert_fraction)


def _about(folder: Path) -> dict[str, object]:
    found = read_manifest(DRIVES, folder)
    return {
        "rows": sum(one.rows for one in found.shards),
        "episodes": len(found.shards),
        "sha256": found.hash,
    }


def train_policy(
    config_path: Path,
    collect: Collect,
    *,
    overrides: Sequence[str] = (),
    recordings: Path = Path("runs/recordings"),
    work: Path = Path("runs/policy"),
    out: Path = MODELS,
    report: Callable[[str], None] = print,
) -> Path:
    """Record, train and install the policy; returns the path of the trunk's weights.

    What has been recorded and learnt in ``recordings`` and ``work`` is used. Raises `ConfigError` for a
    configuration or recordings that cannot be used, and for another configuration than ``work`` began with.
    """
    config = load_model(config_path, PolicyTraining, overrides)
    start_run(work, config, resume=True, may_change=("workers", "patience"))
    trunk = PolicyJob(config, collect, recordings, work, report).run()
    return install(trunk, out)


def install(trunk: Path, out: Path) -> Path:
    """Copy weights and cards to where the agent looks for them, with the card for people."""
    make_folder(out)
    safe = trunk.with_name(trunk.name.replace(".trunk.onnx", ".safetensors"))
    for path in (trunk, head_path(trunk), card_path(trunk), card_path(head_path(trunk)), safe):
        copy_whole(path, out / path.name)
    write_whole(out / "policy.card.md", card_markdown(out / trunk.name))
    return out / trunk.name

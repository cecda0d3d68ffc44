"""The whole job: read recordings, train, export, write the card."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from drive_stack.config import load_model
from drive_stack.datasets.drives.reader import Recording
from drive_stack.learning.affordances.card import CARD
from drive_stack.learning.affordances.config import COMMAND, AffordanceTraining
from drive_stack.learning.affordances.labels import affordance_labels
from drive_stack.learning.affordances.training import train, with_labels
from drive_stack.learning.imitation.data import PolicyData, load_policy_data
from drive_stack.learning.imitation.network import PolicyNet, export
from drive_stack.learning.imitation.weight_files import install_weights
from drive_stack.learning.training.fitting import Fit
from drive_stack.learning.training.recordings import describe_recordings, recorded_folders
from drive_stack.learning.training.run_folder import start_run
from drive_stack.policy.affordance_network import WEIGHTS
from drive_stack.policy.image_network import head_path
from drive_stack.runtime.weights import write_card


def train_affordances(
    config_path: Path,
    *,
    overrides: Sequence[str],
    recordings: Path,
    work: Path,
    out: Path,
    resume: bool,
    report: Callable[[str], None] = print,
) -> Path:
    """Train from the folders in ``recordings`` and install the network; returns the path of its trunk.

    Raises `ConfigError` if the configuration, the recordings or a checkpoint in ``work`` cannot be used.
    """
    config = load_model(config_path, AffordanceTraining, overrides)
    folders = recorded_folders(recordings, (*config.recordings, config.validation))
    start_run(work, config, resume=resume, may_change=("patience",))
    data, validation = (_load(part, config, work / "views") for part in (folders[:-1], folders[-1:]))
    report(f"{data.rows} training rows, {validation.rows} validation rows")
    fitted = train(data, validation, config, config.seed, work, resume=resume, report=report)
    return install_weights(_write(fitted, folders, work), out, CARD)


def _load(folders: Sequence[Path], config: AffordanceTraining, cache: Path) -> PolicyData:
    labels = affordance_labels(Recording(folders))
    return with_labels(load_policy_data(folders, config.network.views, config.balance, cache), labels)


def _write(fitted: Fit[PolicyNet], folders: Sequence[Path], work: Path) -> Path:
    """Write weights and cards; returns the path of the trunk."""
    facts = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "recordings": describe_recordings(folders),
    }
    return write_network(fitted, work, facts)


def write_network(fitted: Fit[PolicyNet], folder: Path, facts: Mapping[str, object]) -> Path:
    """Write the weights and their cards, which get ``facts`` too; returns the path of the trunk."""
    trunk, network = folder / WEIGHTS.name, fitted.network
    export(network, trunk)
    content = {
        "layout": network.layout.model_dump(),
        "weights": sum(value.numel() for value in network.parameters()),
        "epochs": len(fitted.errors),
        "minutes": round(fitted.seconds / 60.0, 1),
        "validation": dict(fitted.best),
        **facts,
    }
    for path in (trunk, head_path(trunk)):
        write_card(path, COMMAND, content)
    return trunk

"""The whole job: perceive the recorded images, train, export, write the card."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from drive_stack.config import load_model
from drive_stack.datasets.drives.reader import Recording
from drive_stack.learning.mid_to_end.card import CARD
from drive_stack.learning.mid_to_end.config import COMMAND, MidToEndTraining
from drive_stack.learning.mid_to_end.data import TrackData, load_track_data
from drive_stack.learning.mid_to_end.network import TrackNet, export
from drive_stack.learning.mid_to_end.training import train
from drive_stack.learning.training.fitting import Fit
from drive_stack.learning.training.recordings import describe_recordings, recorded_folders
from drive_stack.learning.training.run_folder import start_run
from drive_stack.pipeline.perceiving import PerceptionSource
from drive_stack.policy.track_policy import WEIGHTS
from drive_stack.runtime.weights import card_path, write_card
from drive_stack.support.atomic_files import copy_atomically, make_folder


def train_mid_to_end(
    config_path: Path,
    perception: Callable[[Sequence[str]], PerceptionSource],
    *,
    overrides: Sequence[str],
    recordings: Path,
    work: Path,
    out: Path,
    resume: bool,
    report: Callable[[str], None] = print,
) -> Path:
    """Train from the folders in ``recordings`` and install the network; returns the path of its weights.

    ``perception`` makes the perception of the driver from overrides of its configuration. Raises
    `ConfigError` if the configuration, the recordings or a checkpoint in ``work`` cannot be used.
    """
    config = load_model(config_path, MidToEndTraining, overrides)
    folders = recorded_folders(recordings, (*config.recordings, config.validation))
    start_run(work, config, resume=resume, may_change=("patience",))
    source = perception(config.perception)

    def load(parts: Sequence[Path]) -> TrackData:
        opened = [Recording([folder]) for folder in parts]
        return load_track_data(opened, source, config.balance, config.every, work / "tracks")

    report("perceiving the recorded images, which takes about 25 ms each; they are cached")
    data, validation = load(folders[:-1]), load(folders[-1:])
    report(f"{data.rows} training rows, {validation.rows} validation rows")
    fitted = train(data, validation, config, config.seed, work, resume=resume, report=report)
    facts = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "perception": source.identity,
        "recordings": describe_recordings(folders),
    }
    return _install(write_network(fitted, work, facts), out)


def write_network(fitted: Fit[TrackNet], folder: Path, facts: Mapping[str, object]) -> Path:
    """Write the weights and their card, which gets ``facts`` too; returns the path of the weights."""
    path, network = folder / WEIGHTS.name, fitted.network
    export(network, path)
    content = {
        "weights": sum(value.numel() for value in network.parameters()),
        "epochs": len(fitted.errors),
        "minutes": round(fitted.seconds / 60.0, 1),
        "validation": dict(fitted.best),
        **facts,
    }
    write_card(path, COMMAND, content)
    return path


def _install(weights: Path, out: Path) -> Path:
    """Copy weights and card to ``out``, where the agent loads them, and write the card as Markdown."""
    make_folder(out)
    for path in (weights, card_path(weights)):
        copy_atomically(path, out / path.name)
    CARD.write_markdown(out / weights.name)
    return out / weights.name

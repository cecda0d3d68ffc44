"""Installs the network of a training where the agent loads its weights, with cards."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import safe_open

from drive_stack.errors import ConfigError
from drive_stack.learning.affordances.card import CARD as AFFORDANCES_CARD
from drive_stack.learning.imitation.card import CARD as POLICY_CARD
from drive_stack.learning.imitation.weight_files import copy_weights, safetensors_path
from drive_stack.learning.training.recordings import RecordingFacts
from drive_stack.policy import affordance_network
from drive_stack.policy.image_network import head_path
from drive_stack.policy.runner import PLAIN_TRUNK, TRUNK
from drive_stack.runtime.weights import Card, amend_card, read_card, sha256_of
from drive_stack.study.records import FULL_MIXTURE, TrainingId
from drive_stack.study.subsets import PoolEpisode
from drive_stack.study_runner.network_units import NetworkRecord, finished_record, hash_of
from drive_stack.study_runner.pool import EpisodePool
from drive_stack.study_runner.training import TrainingWork

COMMAND = "python run_sim.py study install"
_BUFFERS = (".running_mean", ".running_var", ".num_batches_tracked")  # of batch normalisation, not trained


@dataclass(frozen=True, slots=True)
class InstalledNetwork:
    """Where the network of an arm goes."""

    network: str  # its name in the plan
    trunk: Path
    write_markdown: Callable[[Path], None]  # the text of the card at this path


# The arms that one network drives; what perceives for the others is trained by `run_sim.py train`
INSTALLED: Mapping[str, InstalledNetwork] = {
    "affordances": InstalledNetwork(
        "affordances", affordance_network.WEIGHTS, AFFORDANCES_CARD.write_markdown
    ),
    "end_to_end": InstalledNetwork("policy", TRUNK, POLICY_CARD.write_markdown),
    "end_to_end_plain": InstalledNetwork("policy_plain", PLAIN_TRUNK, POLICY_CARD.write_markdown),
}


class _EpochsCard(Card):
    epochs: int


def install_networks(
    work: TrainingWork, trainings: Sequence[TrainingId], report: Callable[[str], None] = print
) -> None:
    """Install the networks of finished trainings, at most one of each arm.

    Their cards get the command that installs them, the recordings, the time of training and the errors.

    Raises:
        ConfigError: an arm cannot be installed or is named twice, or a network is not trained, has failed or
            was altered. Nothing is installed then.
    """
    chosen = [training for training in trainings if training.mixture == FULL_MIXTURE]
    finished = [_finished(work, training) for training in chosen]
    for arm, count in Counter(training.arm for training in chosen).items():
        if count > 1:
            raise ConfigError(f"--only {arm}: only one of its {count} trainings can be installed; name one")
    for training, (folder, record) in zip(chosen, finished, strict=True):
        target = INSTALLED[training.arm]
        copy_weights(folder / target.trunk.name, target.trunk.parent)
        facts = _facts(training, record, target.trunk, work)
        for path in (target.trunk, head_path(target.trunk)):
            amend_card(path, COMMAND, facts)
        target.write_markdown(target.trunk)
        report(f"installed: {target.trunk}")


def _finished(work: TrainingWork, training: TrainingId) -> tuple[Path, NetworkRecord]:
    """Folder and record of a training."""
    if training.arm not in INSTALLED:
        raise ConfigError(f"{training.arm}: cannot be installed; these can: {', '.join(INSTALLED)}")
    task = work.task(INSTALLED[training.arm].network, training)
    record = finished_record(task)
    if record.failed:
        raise ConfigError(f"{task.title}: has failed; {task.folder} holds its log")
    for name, sha256 in record.files.items():
        if sha256_of(task.folder / name) != sha256:
            raise ConfigError(f"{task.folder / name}: is not the file that was trained; remove its folder")
    return task.folder, record


def _facts(
    training: TrainingId, record: NetworkRecord, trunk: Path, work: TrainingWork
) -> Mapping[str, object]:
    """What the cards do not say yet."""
    facts: dict[str, object] = {
        "command": f"{COMMAND} --only {training.arm}:{training.size}:{training.seed}",
        "date": record.date,
        "minutes": round(record.core_seconds / 60.0, 1),
        "threads": 1,  # the minutes are of CPU time
        "labels": asdict(record.labels),
        "recordings": _recordings(work.subset(training).episodes, work.pool),
    }
    if record.errors.acceleration_error is None:  # no policy; the rest is in its cards
        return facts
    epochs = read_card(trunk, COMMAND, _EpochsCard)["epochs"]
    return facts | {
        "weights": _count_weights(safetensors_path(trunk)),
        "rounds": {str(training): epochs},
        "round": str(training),
        "validation": {
            "sideways": record.errors.lateral_error,
            "forward": record.errors.acceleration_error,
        },
    }


def _recordings(episodes: Iterable[PoolEpisode], pool: EpisodePool) -> dict[str, RecordingFacts]:
    """Size and hash of the drives of some episodes, by part of the pool."""
    by_part: dict[str, list[PoolEpisode]] = {}
    for episode in sorted(episodes):
        by_part.setdefault(episode.part, []).append(episode)
    return {
        part: {
            "rows": sum(episode.rows for episode in members),
            "episodes": len(members),
            "sha256": hash_of("".join(pool.hashes[episode.file].drive for episode in members)),
        }
        for part, members in by_part.items()
    }


def _count_weights(path: Path) -> int:
    """Number of trained weights in a file."""
    with safe_open(path, "np") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 - no mapping
    return sum(math.prod(shape) for name, shape in shapes.items() if not name.endswith(_BUFFERS))

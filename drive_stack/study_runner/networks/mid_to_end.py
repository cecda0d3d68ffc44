"""The network from tracks and lanes to controls, trained on what its own perception makes of the images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drive_stack.config import load_model
from drive_stack.datasets.drives.reader import Recording
from drive_stack.learning.mid_to_end.config import MidToEndTraining
from drive_stack.learning.mid_to_end.data import TrackData, load_track_data
from drive_stack.learning.mid_to_end.job import write_network
from drive_stack.learning.mid_to_end.training import ControlObjective, train
from drive_stack.pipeline.perceiving import PerceptionSource
from drive_stack.policy.track_policy import WEIGHTS
from drive_stack.study.running_plan import NetworkRule, schedule
from drive_stack.study_runner.networks.counting import count_rows, rows_of
from drive_stack.study_runner.networks.protocol import (
    EpisodeFiles,
    Labels,
    NetworkData,
    OfflineErrors,
    Report,
)

# makes a driver's perception from overrides of its configuration; importable for worker processes
MakePerception = Callable[[Sequence[str]], PerceptionSource]


@dataclass(frozen=True, slots=True)
class MidToEndNetwork:
    """A `NetworkTraining` of the network on top of a detector and a lane network of the same subset."""

    config: MidToEndTraining
    rule: NetworkRule
    make_perception: MakePerception
    perception: Mapping[str, tuple[str, str]]  # key of the perception's configuration → network and file

    @property
    def files(self) -> tuple[str, ...]:
        """The weights."""
        return (WEIGHTS.name,)

    @property
    def settings(self) -> str:
        """Configuration and rule. Its perception is that of the networks before it."""
        unused = {"recordings", "validation", "epochs", "patience", "seed"}
        return self.config.model_dump_json(exclude=unused) + self.rule.content

    def steps_per_pass(self, rows: int, frames: int) -> int:  # noqa: ARG002 - it learns from rows
        """Updates that show each row once; at least 1."""
        return max(rows // self.config.batch, 1)

    def fit(
        self, data: NetworkData, seed: int, folder: Path, inputs: Mapping[str, Path], report: Report
    ) -> OfflineErrors:
        """Perceive the recorded images, train and measure; see `NetworkTraining`."""
        weights = [f"{key}={inputs[network] / file}" for key, (network, file) in self.perception.items()]
        source = self.make_perception((*self.config.perception, "perception.threads=1", *weights))

        def load(episodes: EpisodeFiles) -> TrackData:
            recordings = [Recording([path.parent], {path.name}) for path in episodes.drives]
            loaded = load_track_data(
                recordings, source, self.config.balance, self.config.every, folder / "tracks"
            )
            report(f"perceived the images of {len(recordings)} episodes")
            return loaded

        learned, held_out = map(load, (data.learned, data.held_out))
        steps = self.steps_per_pass(learned.rows, 0)
        plan = schedule(self.rule, rows_of(data), steps)
        config = self.config.model_copy(update={"epochs": plan.epochs, "patience": plan.patience})
        fitted = train(
            learned, held_out, config, seed, folder, steps=plan.passes * steps, resume=True, report=report
        )
        write_network(fitted, folder, {"perception": source.identity})
        with data.uncharged():
            measured = load(data.measured)
            errors = ControlObjective(learned, measured, config).evaluate(fitted.network)
        return OfflineErrors(acceleration_error=errors["longitudinal"], lateral_error=errors["lateral"])

    def count_labels(self, episodes: EpisodeFiles) -> Labels:
        """The controls of every row; the labels of its perception are those of the other networks."""
        return Labels(controls=count_rows(episodes))


def read_mid_to_end(
    path: Path, rule: NetworkRule, make: MakePerception, perception: Mapping[str, tuple[str, str]]
) -> MidToEndNetwork:
    """Read the configuration. Raises `ConfigError` if it cannot be used."""
    return MidToEndNetwork(load_model(path, MidToEndTraining, rule.overrides), rule, make, perception)

"""The lane network, trained from labelled frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model
from drive_stack.datasets.frames.store import StoredFrame, count_boxes, read_shards
from drive_stack.learning.lanes.batches import cut_views, repeated_rows
from drive_stack.learning.lanes.config import COMMAND, LaneTraining
from drive_stack.learning.lanes.image_evaluation import mean_line_error
from drive_stack.learning.lanes.image_labels import image_labels
from drive_stack.learning.lanes.network import export_quantised
from drive_stack.learning.lanes.training import LabelledViews, LaneTrainer
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.perception.lanes_network import LaneNetwork
from drive_stack.runtime.weights import write_card
from drive_stack.study.running_plan import NetworkRule, schedule
from drive_stack.study_runner.networks.counting import rows_of
from drive_stack.study_runner.networks.protocol import (
    EpisodeFiles,
    Labels,
    NetworkData,
    OfflineErrors,
    Report,
)

_UNUSED = {"frames", "drives", "ending", "confidence_every", "seed", "threads"}  # settings


@dataclass(frozen=True, slots=True)
class LanesNetwork:
    """A `NetworkTraining` of the lane network."""

    config: LaneTraining
    rule: NetworkRule

    @classmethod
    def read(cls, path: Path, rule: NetworkRule) -> LanesNetwork:
        """Read the configuration. Raises `ConfigError` if it cannot be used."""
        return cls(load_model(path, LaneTraining, rule.overrides), rule)

    @property
    def files(self) -> tuple[str, ...]:
        """The weights."""
        return ("lanes.onnx",)

    @property
    def settings(self) -> str:
        """Configuration and rule."""
        return self.config.model_dump_json(exclude=_UNUSED) + self.rule.content

    def steps_per_pass(self, rows: int, frames: int) -> int:  # noqa: ARG002 - it learns from frames
        """Updates that show each frame once; at least 1. Frames that are repeated are not known here."""
        return max(frames // self.config.batch, 1)

    def fit(
        self,
        data: NetworkData,
        seed: int,
        folder: Path,
        inputs: Mapping[str, Path],  # noqa: ARG002 - it is trained on top of no other network
        report: Report,
    ) -> OfflineErrors:
        """Train and measure; see `NetworkTraining`."""
        grid = GroundGrid()
        learned, held_out = (
            _labelled_views(read_shards(episodes.frames), grid) for episodes in (data.learned, data.held_out)
        )
        steps = len(repeated_rows(learned.labels, self.config)) // self.config.batch
        plan = schedule(self.rule, rows_of(data), max(steps, 1))
        changes = {"seed": seed, "epochs": plan.epochs, "patience": plan.patience, "threads": 1}
        config = self.config.model_copy(update=changes)
        trainer = LaneTrainer(learned, held_out, config, grid, folder, report, passes=plan.passes)
        trained = trainer.train(resume=(folder / "checkpoint.pt").exists())
        weights = folder / self.files[0]
        views = learned.sample(config.calibration_views, seed)
        export_quantised(trained.network, weights, grid, views)
        write_card(weights, COMMAND, {"epochs": trained.epochs, "validation_loss": trained.loss})
        network = LaneNetwork(CameraModel(), weights, threads=1)
        with data.uncharged():
            return OfflineErrors(lane_error_m=mean_line_error(network, read_shards(data.measured.frames)))

    def count_labels(self, episodes: EpisodeFiles) -> Labels:
        """The lanes of every frame."""
        return Labels(lane_frames=count_boxes(episodes.frames)[0])


def _labelled_views(frames: Sequence[StoredFrame], grid: GroundGrid) -> LabelledViews:
    return LabelledViews(cut_views(frames, grid), [image_labels(frame.lanes, grid) for frame in frames])

"""What the study asks of a network's training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EpisodeFiles:
    """Recorded episodes: the shards of their drives, and of the labelled frames of the same drives."""

    drives: tuple[Path, ...]
    frames: tuple[Path, ...]

    def __add__(self, other: EpisodeFiles) -> EpisodeFiles:
        return EpisodeFiles(self.drives + other.drives, self.frames + other.frames)


@dataclass(frozen=True, slots=True)
class NetworkData:
    """What a network is trained and measured on."""

    learned: EpisodeFiles
    held_out: EpisodeFiles  # of the same subset; they decide when the training ends
    measured: EpisodeFiles  # the same for all trainings; their errors are reported
    cache: Path  # folder of what is computed from single episodes, shared by all trainings
    # around what is not charged to the training: packing of images that others use too, and the measurement
    uncharged: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass(frozen=True, slots=True)
class Labels:
    """Numbers of labels that a network learns from."""

    boxes: int = 0
    lane_frames: int = 0
    distances: int = 0
    controls: int = 0

    def __add__(self, other: Labels) -> Labels:
        return Labels(
            self.boxes + other.boxes,
            self.lane_frames + other.lane_frames,
            self.distances + other.distances,
            self.controls + other.controls,
        )


@dataclass(frozen=True, slots=True)
class OfflineErrors:
    """Errors of a network on the measured episodes; None for what it does not estimate."""

    detector_ap50: float | None = None  # mean of the classes
    lane_error_m: float | None = None  # mean lateral error of the lines, see `mean_line_error`
    acceleration_error: float | None = None  # mean absolute error [m/s²]
    lateral_error: float | None = None  # mean absolute error of the lateral acceleration [m/s²]

    def __or__(self, other: OfflineErrors) -> OfflineErrors:
        """The errors of both networks; where both have one, that of the other."""

        def merged(first: float | None, second: float | None) -> float | None:
            return first if second is None else second

        return OfflineErrors(
            merged(self.detector_ap50, other.detector_ap50),
            merged(self.lane_error_m, other.lane_error_m),
            merged(self.acceleration_error, other.acceleration_error),
            merged(self.lateral_error, other.lateral_error),
        )


class NetworkTraining(Protocol):
    """Trains one kind of network. It is pickled for worker processes.

    Another arm joins the study with a network of its own: implement this protocol, name it in
    `drive_stack.study_runner.networks.registry` and in the plan.
    """

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that `fit` leaves in its folder and that a driver loads."""
        ...

    @property
    def settings(self) -> str:
        """Everything but data and seed that determines the result, as text. Paths are not part of it."""
        ...

    def steps_per_pass(self, rows: int, frames: int) -> int:
        """Updates that show each of ``rows`` recorded rows, or of ``frames`` labelled frames, once; ≥ 1."""
        ...

    def fit(
        self, data: NetworkData, seed: int, folder: Path, inputs: Mapping[str, Path], report: Report
    ) -> OfflineErrors:
        """Train the network, write its files with their cards, and measure it.

        Args:
            data: episodes to learn from, to end the training by, and to measure on.
            seed: initialises the network and draws the batches.
            folder: of checkpoints and files; a training that was killed goes on from its checkpoint.
            inputs: folders of the networks that this one is trained on top of, by name.
            report: called directly after each checkpoint, with which the CPU time is saved.

        Raises:
            ConfigError: the data cannot be used.
        """
        ...

    def count_labels(self, episodes: EpisodeFiles) -> Labels:
        """The labels that `fit` uses of some episodes."""
        ...

"""Settings of the policy's training, read from files such as ``configs/training/policy.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from drive_stack.agent_spec import runs_code
from drive_stack.bounds import Batch, Epochs, Fraction, Speed, TorchSeed, Workers
from drive_stack.config import StrictModel
from drive_stack.learning.imitation.column_targets import COLUMNS
from drive_stack.policy.views import View
from drive_stack.seeds import SeedCount, SeedSplit

COMMAND = "python run_sim.py train policy"
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1, le=100_000)]


def _runs_no_code(spec: str) -> str:
    if runs_code(spec):
        raise ValueError(
            "expected a registered name, an agent's YAML or an ONNX file: nothing that runs code"
        )
    return spec


class Convolution(StrictModel):
    """A layer: output channels, kernel size, vertical and horizontal stride; and residual layers after it."""

    channels: Count
    kernel: Count = 3
    stride: tuple[Count, Count] = (2, 2)
    residual_layers: Annotated[int, Field(ge=0, le=100)] = 0  # 3 × 3, each with a shortcut around it


class EncoderSettings(StrictModel):
    """A view of the image and the convolutions that encode it.

    The output is either a vector of ``features``, or ``column_features`` numbers for each image column, which
    also predict the targets of `column_targets`.
    """

    view: View
    layers: Annotated[tuple[Convolution, ...], Field(min_length=1)]
    features: Count | None = None
    column_features: Count | None = None

    @model_validator(mode="after")
    def _either(self) -> EncoderSettings:
        if (self.features is None) == (self.column_features is None):
            raise ValueError("an encoder has either features or column_features")
        return self

    @property
    def size(self) -> int:
        """Number of features of one image."""
        return (self.features or 0) + COLUMNS * (self.column_features or 0)


class NetworkSettings(StrictModel):
    """A trunk that encodes each image, and a head over the features of recent images."""

    encoders: Annotated[tuple[EncoderSettings, ...], Field(min_length=1)]
    normalised: bool = True  # batch normalisation after each layer
    history: Annotated[tuple[float, ...], Field(min_length=1)] = (0.0,)  # ages of the input images [s]
    # channels of the head's convolutions over the columns
    column_channels: Annotated[tuple[Count, ...], Field(min_length=1)] = (96, 96)
    hidden: Annotated[tuple[Count, ...], Field(min_length=1)] = (128, 64)  # widths of the layers after them
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1

    @property
    def views(self) -> tuple[View, ...]:
        """The view of each encoder."""
        return tuple(encoder.view for encoder in self.encoders)

    def ages_in_rows(self, every: int) -> list[int]:
        """Ages of the input images, in rows that were recorded at every ``every``-th step."""
        return [round(age / (0.1 * every)) for age in self.history]

    @model_validator(mode="after")
    def _includes_current_image(self) -> NetworkSettings:
        if self.history[0] != 0.0 or min(self.history) < 0.0:
            raise ValueError("history: the first age must be 0, and none negative")
        return self

    @model_validator(mode="after")
    def _normalises_residual_layers(self) -> NetworkSettings:
        layers = (layer for encoder in self.encoders for layer in encoder.layers)
        if not self.normalised and any(layer.residual_layers for layer in layers):
            raise ValueError("residual_layers: only with normalised: true")
        return self


class BalanceSettings(StrictModel):
    """Sampling weights of rare events, relative to ordinary driving with weight 1."""

    braking: Positive = 4.0  # the expert brakes harder than 1 m/s²
    turning: Positive = 3.0  # lateral acceleration more than 0.5 m/s² off that of the road's curvature
    curve: Positive = 2.0  # the road's curvature needs more than 1.5 m/s² lateral acceleration
    starting: Positive = 4.0  # acceleration from below 3 m/s
    perturbed: Positive = 1.5
    changing: Positive = 4.0  # the expert starts or stops braking or turning
    student: Positive = 2.0  # a student drove
    student_error: Positive = 8.0  # a student drove and deviated from the expert
    people: Positive = 1.0  # a pedestrian on or by the road is within the comfortable braking distance
    sharp_bend: Positive = 1.0  # the road's radius is below 300 m


class AugmentSettings(StrictModel):
    """Random changes of the inputs that leave the targets unchanged."""

    gain: Fraction = 0.25  # of the brightness, for all images of a clip
    tint: Fraction = 0.08  # of each colour channel
    noise: Fraction = 0.03
    speed: Speed = 0.5  # standard deviation of the speed's error [m/s]
    yaw_rate_dropout: Fraction = 0.5  # of clips without yaw rate, because that reveals the steering


# keys of a round that say what is driven
_OF_A_DRIVE = frozenset(
    {"seeds", "first_seed", "suite", "perturbed", "dagger", "driver", "driver_overrides", "expert_fraction"}
)


class Round(StrictModel):
    """One round of recording and training; each learns from all recordings so far."""

    name: str
    # made by another command, or none: nothing is recorded, and the keys of a drive are unused
    recordings: tuple[str, ...] | None = None
    seeds: SeedCount = 1  # per scenario
    first_seed: Annotated[int, Field(ge=0, lt=SeedSplit.TRAINING.seeds.stop)] = 0
    suite: str | None = None  # suite whose courses are driven; None: the whole catalogue
    perturbed: bool = False
    dagger: bool = False  # the previous round's policy drives, the expert labels
    # another agent that drives while the expert labels, such as one that ignores traffic
    driver: Annotated[str, AfterValidator(_runs_no_code)] | None = None
    driver_overrides: tuple[str, ...] = ()  # KEY=VALUE overrides of its configuration
    expert_fraction: Fraction = 0.0  # of the time that the expert drives instead of the other driver
    frozen: bool = False  # train only the head, on features of the frozen trunk
    epochs: Epochs

    @model_validator(mode="after")
    def _has_one_driver(self) -> Round:
        if self.dagger and self.driver is not None:
            raise ValueError("driver: the policy drives where dagger is true")
        drives = self.recordings is None
        if unused := [] if drives else sorted(self.model_fields_set & _OF_A_DRIVE):
            raise ValueError(f"{unused[0]}: does not go with recordings")
        if missing := sorted({"seeds", "first_seed"} - self.model_fields_set) if drives else []:
            raise ValueError(f"{missing[0]}: is missing")
        return self

    @property
    def keeps_last(self) -> bool:
        """Whether the weights of the last epoch are kept, not those of the least validation loss.

        Validation drives are the expert's. They show none of the situations that a student causes.
        """
        return self.dagger or self.recordings is not None


class PolicyTraining(StrictModel):
    """All settings of a training run."""

    network: NetworkSettings
    rounds: Annotated[tuple[Round, ...], Field(min_length=1)]
    validation_seeds: SeedCount = 2
    every: Batch = 2  # simulation steps between recorded rows
    clip: Batch = 12  # consecutive rows that are predicted together
    batch: Batch = 12  # clips per step
    learning_rate: Positive = 1.0e-3
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.01
    average_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.998
    patience: Epochs = 4  # epochs without a better validation loss that end a round
    lateral_weight: Positive = 2.0
    longitudinal_weight: Positive = 3.0
    underbraking_weight: Positive = 1.0  # loss factor when it brakes less than the expert
    auxiliary_weight: Annotated[float, Field(ge=0.0)] = 2.0  # of the auxiliary targets' loss
    balance: BalanceSettings = BalanceSettings()
    augment: AugmentSettings = AugmentSettings()
    workers: Workers = 2
    seed: TorchSeed = 0

    @model_validator(mode="after")
    def _rounds_differ(self) -> PolicyTraining:
        names = [item.name for item in self.rounds]
        if len(set(names)) < len(names):
            raise ValueError("rounds: two have the same name")
        names = [name for item in self.rounds for name in item.recordings or ()]
        if len(set(names)) < len(names):
            raise ValueError("rounds: a recording is there twice")
        if self.rounds[0].dagger:
            raise ValueError("rounds: the first has no policy yet that could drive")
        if self.rounds[0].frozen:
            raise ValueError("rounds: the first has no trunk yet that could be left as it is")
        if self.rounds[0].recordings == ():
            raise ValueError("rounds: the first has nothing to learn from")
        return self

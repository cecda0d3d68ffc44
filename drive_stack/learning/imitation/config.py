"""How the end-to-end policy is made; ``configs/training/policy.yaml`` is one of these."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from drive_stack.agent_spec import runs_code
from drive_stack.bounds import Batch, Epochs, Speed, TorchSeed, Workers
from drive_stack.config import StrictModel
from drive_stack.learning.imitation.columns import COLUMNS
from drive_stack.policy.views import View
from drive_stack.seeds import SeedCount, SeedSplit

COMMAND = "python run_sim.py train policy"
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1, le=100_000)]


def _runs_no_code(spec: str) -> str:
    if runs_code(spec):
        raise ValueError(
            "expected a registered name, an agent's YAML or an ONNX file: nothing that runs code"
        )
    return spec


class Convolution(StrictModel):
    """One layer: channels out, side of the kernel, strides down and across."""

    channels: Count
    kernel: Count = 3
    stride: tuple[Count, Count] = (2, 2)


class Eye(StrictModel):
    """A view and the layers that look at it, and what is made of the last one: some numbers, or some of each
    column of the picture."""

    view: View
    layers: Annotated[tuple[Convolution, ...], Field(min_length=1)]
    features: Count | None = None
    columns: Count | None = None  # numbers of each; it is asked of them while it learns, see `policy_columns`

    @model_validator(mode="after")
    def _either(self) -> Eye:
        if (self.features is None) == (self.columns is None):
            raise ValueError("an eye has either features or columns")
        return self

    @property
    def size(self) -> int:
        """How many numbers it makes of a picture."""
        return (self.features or 0) + COLUMNS * (self.columns or 0)


class NetworkSettings(StrictModel):
    """Trunk over each picture, head over what was lately seen."""

    eyes: Annotated[tuple[Eye, ...], Field(min_length=1)]
    normalised: bool = True  # batch normalisation after each layer
    history: Annotated[tuple[float, ...], Field(min_length=1)] = (0.0,)  # ages of the pictures seen [s]
    across: Annotated[tuple[Count, ...], Field(min_length=1)] = (96, 96)  # of the head's layers over columns
    hidden: Annotated[tuple[Count, ...], Field(min_length=1)] = (128, 64)  # widths of its layers after them
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1

    @model_validator(mode="after")
    def _looks_now(self) -> NetworkSettings:
        if self.history[0] != 0.0 or min(self.history) < 0.0:
            raise ValueError("history: the first age must be 0, and none negative")
        return self


class BalanceSettings(StrictModel):
    """How much oftener rare events are shown than free driving."""

    braking: Positive = 4.0  # label below −1 m/s²
    turning: Positive = 3.0  # label beyond 0.5 m/s² sideways of what the road asks
    bending: Positive = 2.0  # where the road itself asks for more than 1.5 m/s² sideways
    starting: Positive = 4.0  # from below 3 m/s
    pushed: Positive = 1.5
    changing: Positive = 4.0  # where the expert begins or ends to brake or to turn
    visited: Positive = 2.0  # where a student drove
    wrong: Positive = 8.0  # where it did what the expert would not have done


class AugmentSettings(StrictModel):
    """Changes of what is seen that change nothing of what is to be done."""

    gain: Share = 0.25  # of brightness, for all pictures of a clip
    tint: Share = 0.08  # of each colour
    noise: Share = 0.03
    speed: Speed = 0.5  # error of the speed, standard deviation [m/s]
    blind_to_yaw: Share = 0.5  # of clips in which the yaw rate, which tells the steering, is not seen


class Round(StrictModel):
    """One round of recording and training; each learns from all recordings so far."""

    name: str
    seeds: SeedCount  # of each scenario
    first_seed: Annotated[int, Field(ge=0, lt=SeedSplit.TRAINING.seeds.stop)]
    suite: str | None = None  # whose courses are driven; None: the whole catalogue
    disturbed: bool = False
    dagger: bool = False  # the policy of the round before drives, the expert says what it would do
    driver: Annotated[str, AfterValidator(_runs_no_code)] | None = (
        None  # the same with another driver, such as one that is blind to traffic
    )
    driver_set: tuple[str, ...] = ()  # KEY=VALUE of its configuration
    expert_share: Share = 0.0
    frozen: bool = False  # only the head learns, from what the trunk makes of each picture once
    epochs: Epochs

    @model_validator(mode="after")
    def _one_at_the_wheel(self) -> Round:
        if self.dagger and self.driver is not None:
            raise ValueError("driver: the policy drives where dagger is true")
        return self


class PolicyTraining(StrictModel):
    """All of it."""

    network: NetworkSettings
    rounds: Annotated[tuple[Round, ...], Field(min_length=1)]
    validation_seeds: SeedCount = 2
    every: Batch = 2  # steps from one recorded row to the next
    clip: Batch = 12  # rows that are predicted at a time
    batch: Batch = 12  # clips
    learning_rate: Positive = 1.0e-3
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.01
    average_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.998
    patience: Epochs = 4  # epochs without a better validation loss that end a round
    sideways_weight: Positive = 2.0
    acceleration_weight: Positive = 3.0
    too_fast_weight: Positive = 1.0  # times as much where it brakes less than the expert
    hint_weight: Annotated[float, Field(ge=0.0)] = 2.0  # of what it is made to notice, see `policy_hints`
    balance: BalanceSettings = BalanceSettings()
    augment: AugmentSettings = AugmentSettings()
    workers: Workers = 2
    seed: TorchSeed = 0

    @model_validator(mode="after")
    def _rounds_differ(self) -> PolicyTraining:
        names = [one.name for one in self.rounds]
        if len(set(names)) < len(names):
            raise ValueError("rounds: two have the same name")
        if self.rounds[0].dagger:
            raise ValueError("rounds: the first has no policy yet that could drive")
        if self.rounds[0].frozen:
            raise ValueError("rounds: the first has no trunk yet that could be left as it is")
        return self

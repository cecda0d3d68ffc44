"""What the networks of a driver cost, as far as their model cards say it.

Minutes of data are those of the driving that was recorded: five rows of a recording a second (`every: 2` in
``configs/training/policy.yaml``), one labelled frame a second on average (`interval` in
``configs/training/detector.yaml``), and the steps of a reinforcement learner at its own rate. Hours of labels
follow from the prices in ``configs/study.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from drive_stack.config import load_json
from drive_stack.leaderboard.card import Costs
from drive_stack.study.config import Prices, load_plan
from drive_stack.support.layout import MODELS

VALIDATION = "validation"  # a recording that a network does not learn from
_FRAMES_PER_SECOND = 1.0
_MILLIONS = re.compile(r"of ([\d.]+) million weights")  # in the sentence about the network


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Recording(_Part):
    rows: int


class _Frames(_Part):
    frames: int
    boxes: int


class _Steps(_Part):
    steps: int
    agent_hz: float


class _Labels(_Part):
    boxes: int
    lane_frames: int
    distances: int
    controls: int


class ModelCard(_Part):
    """What the cards of all networks of the project say about their training, each in its own keys."""

    file: str
    sha256: str
    command: str
    network: str = ""
    weights: int | None = None
    minutes: float | None = None
    threads: int | None = None
    recordings: Mapping[str, _Recording] = {}
    training_data: _Frames | None = None
    training: _Steps | None = None
    labels: _Labels | None = None

    @property
    def count(self) -> int | None:
        """The number of weights."""
        named = _MILLIONS.search(self.network)
        return self.weights if named is None or self.weights else round(1e6 * float(named.group(1)))

    def data_minutes(self, rows_per_second: float) -> float | None:
        """Driving that the network learned from [min]."""
        if self.recordings:
            rows = sum(part.rows for name, part in self.recordings.items() if name != VALIDATION)
            return rows / rows_per_second / 60.0
        if self.training_data is not None:
            return self.training_data.frames / _FRAMES_PER_SECOND / 60.0
        return None if self.training is None else self.training.steps / self.training.agent_hz / 60.0

    def label_hours(self, prices: Prices) -> float | None:
        """A person's work for the labels [h]; None if unknown."""
        if self.training is not None:
            return 0.0  # a reward is computed
        if self.labels is not None:
            return prices.hours(**self.labels.model_dump())
        if self.training_data is None:
            return None
        if self.file.startswith("detector"):
            return prices.hours(boxes=self.training_data.boxes)
        return prices.hours(lane_frames=self.training_data.frames)

    @property
    def core_hours(self) -> float | None:
        """Time of the training, over all threads [h]."""
        if self.minutes is None or self.threads is None:
            return None
        return self.minutes * self.threads / 60.0


_CARD = TypeAdapter(ModelCard)


def model_cards(weights: Mapping[str, str], folder: Path = MODELS) -> list[ModelCard]:
    """The cards of networks by file name and SHA-256, those that one command trained together once.

    A network without a card in ``folder`` or below is left out.

    Raises:
        ConfigError: a card cannot be read.
    """
    cards: dict[str, ModelCard] = {}
    for name, sha256 in weights.items():
        for path in sorted(folder.rglob(Path(name).with_suffix(".card.json").name)):
            card = load_json(path, _CARD)
            if card.sha256 == sha256:
                cards.setdefault(card.command, card)
    return list(cards.values())


def training_costs(weights: Mapping[str, str], folder: Path = MODELS) -> Costs:
    """The costs of a driver's networks; all 0 for a driver without any, None where a card does not say it."""
    cards = model_cards(weights, folder)
    if weights and not cards:
        return Costs()
    plan = load_plan()
    prices, rate = plan.prices, plan.rows_per_second

    def total(of: Callable[[ModelCard], float | None]) -> float | None:
        return _sum(map(of, cards))

    count = total(lambda card: card.count)
    return Costs(
        data_minutes=total(lambda card: card.data_minutes(rate)),
        label_hours=total(lambda card: card.label_hours(prices)),
        core_hours=total(lambda card: card.core_hours),
        weights=None if count is None else round(count),
    )


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum, to a tenth; None if one of the values is unknown."""
    known = list(values)
    return None if None in known else round(sum(value for value in known if value is not None), 1)

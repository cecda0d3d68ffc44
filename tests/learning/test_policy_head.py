"""The policy's head: it detects that an actor approaches, in whichever column it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from drive_stack.config import load_model
from drive_stack.errors import ConfigError
from drive_stack.learning.imitation.column_targets import COLUMNS
from drive_stack.learning.imitation.config import (
    Convolution,
    EncoderSettings,
    NetworkSettings,
    PolicyTraining,
)
from drive_stack.learning.imitation.head import OUTPUTS, Head
from drive_stack.policy.state_vector import STATE_SIZE
from drive_stack.policy.views import View

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "training"
VIEW = View(top=100, bottom=116, height=16, width=640)
LAYER = (Convolution(channels=4),)
SETTINGS = NetworkSettings(
    encoders=(
        EncoderSettings(view=VIEW, layers=LAYER, features=5),
        EncoderSettings(view=VIEW, layers=LAYER, column_features=2),
    ),
    history=(0.0, 0.2),
    column_channels=(16, 8),
    hidden=(16,),
    dropout=0.0,
)
SIZE = 5 + 2 * COLUMNS  # of one image


def approaching_actors(
    columns: NDArray[np.int64], rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs from two images with one actor each, in ``columns``, and the change of its proximity."""
    count = len(columns)
    inputs = rng.normal(0.0, 0.05, (count, 2 * SIZE + STATE_SIZE)).astype(np.float32)
    proximity = rng.uniform(0.0, 1.0, (2, count)).astype(np.float32)
    for image in (0, 1):
        inputs[np.arange(count), image * SIZE + 5 + COLUMNS + columns] += proximity[image]
    return torch.from_numpy(inputs), torch.from_numpy(proximity[0] - proximity[1])


def test_an_approaching_actor_is_detected_in_every_column() -> None:
    torch.manual_seed(0)
    rng, head = np.random.default_rng(0), Head(SETTINGS)
    optimizer = torch.optim.Adam(head.parameters(), 0.005)
    for _ in range(400):
        inputs, approach = approaching_actors(rng.integers(0, COLUMNS, 64), rng)
        loss = (head(inputs)[:, 1] - approach).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    inputs, approach = approaching_actors(rng.integers(0, COLUMNS, 200), rng)
    with torch.no_grad():
        predicted = head(inputs)[:, 1]
    assert float(np.corrcoef(predicted.numpy(), approach.numpy())[0, 1]) > 0.9


def test_without_column_features_the_head_has_no_column_reader() -> None:
    plain = SETTINGS.model_copy(update={"encoders": SETTINGS.encoders[:1], "hidden": (7, 6)})
    head = Head(plain)
    assert head.reader is None
    inputs = torch.zeros((3, 2 * 5 + STATE_SIZE))
    assert head.first_layer(inputs).shape == (3, 7) and head(inputs).shape == (3, OUTPUTS)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("network.encoders.0.column_features=4", "either features or column_features"),
        ("network.hidden=[]", "at least 1 item"),
        ("network.column_channels=[]", "at least 1 item"),
    ],
)
def test_inconsistent_networks_are_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_model(CONFIGS / "policy.yaml", PolicyTraining, [override])

"""The policy's head: it sees that something comes nearer, wherever that is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from drive_stack.config import load_model
from drive_stack.errors import ConfigError
from drive_stack.learning.imitation.columns import COLUMNS
from drive_stack.learning.imitation.config import Convolution, Eye, NetworkSettings, PolicyTraining
from drive_stack.learning.imitation.head import OUTPUTS, Head
from drive_stack.policy.numbers import STATE_SIZE
from drive_stack.policy.views import View

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "training"
VIEW = View(top=100, bottom=116, height=16, width=640)
LAYER = (Convolution(channels=4),)
SETTINGS = NetworkSettings(
    eyes=(Eye(view=VIEW, layers=LAYER, features=5), Eye(view=VIEW, layers=LAYER, columns=2)),
    history=(0.0, 0.2),
    across=(16, 8),
    hidden=(16,),
    dropout=0.0,
)
SIZE = 5 + 2 * COLUMNS  # of one picture


def coming_nearer(columns: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """What two pictures tell of one thing in a column each, and how much nearer it came."""
    count = len(columns)
    given = rng.normal(0.0, 0.05, (count, 2 * SIZE + STATE_SIZE)).astype(np.float32)
    near = rng.uniform(0.0, 1.0, (2, count)).astype(np.float32)
    for moment in (0, 1):
        given[np.arange(count), moment * SIZE + 5 + COLUMNS + columns] += near[moment]
    return torch.from_numpy(given), torch.from_numpy(near[0] - near[1])


def test_that_something_comes_nearer_is_seen_in_whichever_column() -> None:
    torch.manual_seed(0)
    rng, head = np.random.default_rng(0), Head(SETTINGS)
    optimizer = torch.optim.Adam(head.parameters(), 0.005)
    for _ in range(400):
        given, nearer = coming_nearer(rng.integers(0, COLUMNS, 64), rng)
        loss = (head(given)[:, 1] - nearer).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    given, nearer = coming_nearer(rng.integers(0, COLUMNS, 200), rng)
    with torch.no_grad():
        told = head(given)[:, 1]
    assert float(np.corrcoef(told.numpy(), nearer.numpy())[0, 1]) > 0.9


def test_without_columns_it_mixes_all_there_is() -> None:
    plain = SETTINGS.model_copy(update={"eyes": SETTINGS.eyes[:1], "hidden": (7, 6)})
    head = Head(plain)
    assert head.reader is None
    given = torch.zeros((3, 2 * 5 + STATE_SIZE))
    assert head.begin(given).shape == (3, 7) and head(given).shape == (3, OUTPUTS)


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("network.eyes.0.columns=4", "either features or columns"),
        ("network.hidden=[]", "at least 1 item"),
        ("network.across=[]", "at least 1 item"),
    ],
)
def test_networks_that_make_no_sense_are_refused(override: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load_model(CONFIGS / "policy.yaml", PolicyTraining, [override])

"""The network of `examples/learn_ppo.py`: what it derives from a road user, and what it must ignore."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import gymnasium as gym
import pytest

from drive_stack.rl.vector import EGO_FIELDS, NEIGHBOURS, USER_FIELDS, VECTOR_HIGH, VECTOR_LOW, VECTOR_SIZE

if TYPE_CHECKING:
    from torch import Tensor

torch = pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

SOURCE = Path(__file__).resolve().parents[2] / "examples" / "ppo_network.py"
EGO, USER = len(EGO_FIELDS), len(USER_FIELDS)


@pytest.fixture(scope="module")
def network() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ppo_network", SOURCE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def user(ahead: float, velocity: float, left: float = 0.0, length: float = 5.0) -> list[float]:
    """Components of a present road user [m, m/s]."""
    physical = [1.0, ahead, left, velocity, 0.0, length, 2.0, 1.0, 0.0, 0.0, 0.0]
    return [value / field.scale for value, field in zip(physical, USER_FIELDS, strict=True)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        # gap 55 - 5 = 50 m, closing at 10 m/s: 1/5 s; 100 / (2 * 50) = 1 m/s², a quarter of 4; 20 m/s: 0.4/s
        (user(55.0, -10.0), [math.exp(-2.0), 1.0, 0.2, 0.25, 0.4]),
        (user(55.0, 10.0), [math.exp(-2.0), 1.0, 0.0, 0.0, 0.4]),  # it drives away
        (user(-55.0, 10.0, left=2.0), [math.exp(-2.0), math.exp(-1.0), 0.2, 0.25, 0.4]),  # from behind
        (user(60.0, -10.0, length=15.0), [math.exp(-2.0), 1.0, 0.2, 0.25, 0.4]),  # a lorry's rear is nearer
        (user(3.0, -30.0), [math.exp(-0.08), 1.0, 1.0, 2.0, 3.0]),  # next to the ego: bounded
    ],
)
def test_the_derived_values_are_those_worked_by_hand(
    network: ModuleType, row: list[float], expected: list[float]
) -> None:
    speed = torch.tensor([[[20.0 / EGO_FIELDS[0].scale]]])
    values = network.derived_values(torch.tensor([[row]]), speed)[0, 0]
    assert values.tolist() == pytest.approx(expected, rel=1e-4)


def test_the_features_depend_on_every_present_road_user_and_not_on_their_order(network: ModuleType) -> None:
    torch.manual_seed(0)
    extractor = network.RoadUserFeatures(gym.spaces.Box(VECTOR_LOW, VECTOR_HIGH))
    ego = torch.rand(EGO).tolist()
    rows = [user(30.0, -8.0), user(60.0, 3.0, left=3.5), user(-20.0, 5.0, left=-3.5)]

    def features(*present: list[float]) -> Tensor:
        absent = (NEIGHBOURS - len(present)) * USER * [0.0]
        vector = [*ego, *(value for row in present for value in row), *absent]
        assert len(vector) == VECTOR_SIZE
        with torch.no_grad():
            return extractor(torch.tensor([vector]))[0]

    everyone = features(*rows)
    assert len(everyone) == extractor.features_dim
    assert everyone[:EGO].tolist() == pytest.approx(ego)
    assert torch.equal(features(*reversed(rows)), everyone)
    for row in rows:
        assert not torch.equal(features(*(other for other in rows if other is not row)), everyone)
    assert not features()[EGO:].any()

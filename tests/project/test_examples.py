"""The files in examples/: the documentation shows them as they are, and they do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from agents.registry import build_agent
from drive_stack.camera_model import CameraModel
from drive_stack.evaluation.suite import load_suite
from drive_stack.interfaces import Platform
from drive_stack.types import NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters
from envs.scenarios.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CAMERA = CameraModel()


def observation(speed: float) -> Observation:
    image = np.random.default_rng(0).integers(0, 255, (CAMERA.height, CAMERA.width, 3), dtype=np.uint8)
    return Observation(image, speed, 0.0, False, False, 36.0, NavigationCommand.FOLLOW)


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("own_drivers.md", "make_mine.py"),
        ("own_drivers.md", "learn_mine.py"),
        ("own_drivers.md", "mine.py"),
        ("scenarios.md", "my_scenario.yaml"),
        ("evaluation.md", "my_suite.yaml"),
    ],
)
def test_a_page_shows_an_example_as_it_is(page: str, name: str) -> None:
    text = (ROOT / "docs" / "guides" / page).read_text(encoding="utf-8")
    shown = re.search(rf"This is `examples/{name}`:\n\n```\w+\n(.*?)^```", text, flags=re.M | re.S)
    assert shown is not None
    assert shown.group(1) == (EXAMPLES / name).read_text(encoding="utf-8")


def test_every_example_is_listed() -> None:
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    own = [path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".yaml", ".onnx")]
    assert not [name for name in own if f"`{name}`" not in table]


def test_the_scenario_and_the_suite_can_be_driven() -> None:
    assert load_scenario(str(EXAMPLES / "my_scenario.yaml")).name == "my_scenario"
    suite = load_suite(str(EXAMPLES / "my_suite.yaml"))
    assert len(suite.scenarios((), lambda name: name)) == 3


@pytest.mark.parametrize("agent", [str(EXAMPLES / "mine.onnx"), "examples.mine:Mine"])
def test_the_examples_steer_straight_and_hold_90_km_h(agent: str) -> None:
    driver = build_agent(agent, Platform(VehicleParameters(), CAMERA), overrides=("in_process=true",))
    driver.reset(0)
    for speed, sign in ((20.0, 1.0), (25.0, 0.0), (30.0, -1.0)):
        control = driver.act(observation(speed))
        assert control.steering == 0.0
        assert np.sign(round(control.acceleration, 3)) == sign

"""Golden traces: each stage, on a recorded input, gives the recorded output.

``python -m pytest tests/driving/test_golden.py --accept-golden`` shows the changes and accepts them.
``--record-golden`` drives the scenes again first.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from golden_recording import GOLDEN, IMAGES, TRACES, record_image, record_trace, without_networks
from golden_traces.changes import image_changes, report, stage_changes
from golden_traces.images import read_image, read_outputs, run_networks, write_image, write_outputs
from golden_traces.replay import REPLAYS, run_stages
from golden_traces.trace import Trace, read_trace, write_trace
from tiny_world import PLATFORM

from agents.config import ModularConfig
from agents.registry import CONFIGS
from agents.stages import build_stages
from drive_stack.config import load_model
from drive_stack.pipeline.driving import Stages

ADVICE = "If the change is intended: python -m pytest tests/driving/test_golden.py --accept-golden"


@pytest.fixture(scope="module")
def stages() -> Stages:
    """The stages without networks. Lanes and detections are read from the traces."""
    return without_networks()


@pytest.fixture(scope="module")
def networks() -> Stages:
    return build_stages(load_model(CONFIGS / "modular.yaml", ModularConfig), PLATFORM, None)


def changed_outputs(networks: Stages, name: str) -> list[str]:
    return image_changes(
        read_outputs(GOLDEN / f"{name}.json"), run_networks(networks, read_image(GOLDEN / f"{name}.jpg"))
    )


@pytest.fixture(scope="module", autouse=True)
def accepted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Record new traces, or accept the present outputs, where an option requests it."""
    record = request.config.getoption("--record-golden")
    if record or request.config.getoption("--accept-golden"):
        manager = request.config.pluginmanager.getplugin("capturemanager")
        with manager.global_and_fixture_disabled():
            print()
            accept_traces(request.getfixturevalue("stages"), record=record)
            accept_images(request.getfixturevalue("networks"), record=record)
    yield


def accept_traces(stages: Stages, *, record: bool) -> None:
    for name, scene in TRACES.items():
        path = GOLDEN / f"{name}.json.gz"
        if record or not path.exists():
            inputs = record_trace(scene)
        else:
            old = read_trace(path)
            inputs = [step.inputs for step in old.steps]
            changes = [line for stage in REPLAYS for line in stage_changes(stages, old.steps, stage)]
            print(report(changes, f"accepted {name}"))
        write_trace(path, Trace(scene, run_stages(stages, inputs)))


def accept_images(networks: Stages, *, record: bool) -> None:
    for name, scene in IMAGES.items():
        picture, outputs_path = GOLDEN / f"{name}.jpg", GOLDEN / f"{name}.json"
        if record or not picture.exists():
            write_image(picture, record_image(scene))
        elif outputs_path.exists():
            changes = changed_outputs(networks, name)
            print(report(changes, f"accepted {name}.jpg"))
        write_outputs(outputs_path, run_networks(networks, read_image(picture)))


@pytest.mark.parametrize("stage", list(REPLAYS))
@pytest.mark.parametrize("name", list(TRACES))
def test_a_stage_gives_what_was_recorded(stages: Stages, name: str, stage: str) -> None:
    changes = stage_changes(stages, read_trace(GOLDEN / f"{name}.json.gz").steps, stage)
    assert not changes, f"{report(changes, name)}\n{ADVICE}"


@pytest.mark.parametrize("name", list(IMAGES))
def test_detector_and_lanes_see_what_was_recorded(networks: Stages, name: str) -> None:
    changes = changed_outputs(networks, name)
    assert not changes, f"{report(changes, f'{name}.jpg')}\n{ADVICE}"

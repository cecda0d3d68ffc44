"""Golden traces: each stage, on a recorded input, gives the recorded output.

``python -m pytest tests/driving/test_golden.py --accept-golden`` shows what changed and records it;
``--record-golden`` drives the scenes again first.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from golden_recording import GOLDEN, PICTURES, TRACES, record_picture, record_trace, without_networks
from golden_traces.changes import report, sight_changes, stage_changes
from golden_traces.pictures import look, read_picture, read_sight, write_picture, write_sight
from golden_traces.replay import REPLAYS, answer_all
from golden_traces.trace import Trace, read_trace, write_trace
from tiny_world import PLATFORM

from agents.config import ModularConfig
from agents.registry import CONFIGS
from agents.stages import build_stages
from drive_stack.config import load_model
from drive_stack.pipeline import Stages

HOW = "If this is as it should be: python -m pytest tests/driving/test_golden.py --accept-golden"


@pytest.fixture(scope="module")
def stages() -> Stages:
    """Those that need no network; lanes and detections are read, not made."""
    return without_networks()


@pytest.fixture(scope="module")
def networks() -> Stages:
    return build_stages(load_model(CONFIGS / "modular.yaml", ModularConfig), PLATFORM, None)


def changed_sight(networks: Stages, name: str) -> list[str]:
    return sight_changes(
        read_sight(GOLDEN / f"{name}.json"), look(networks, read_picture(GOLDEN / f"{name}.jpg"))
    )


@pytest.fixture(scope="module", autouse=True)
def accepted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Record anew, or accept what is, where asked to; then the tests compare with that."""
    record = request.config.getoption("--record-golden")
    if record or request.config.getoption("--accept-golden"):
        manager = request.config.pluginmanager.getplugin("capturemanager")
        with manager.global_and_fixture_disabled():
            print()
            accept_traces(request.getfixturevalue("stages"), record=record)
            accept_sights(request.getfixturevalue("networks"), record=record)
    yield


def accept_traces(stages: Stages, *, record: bool) -> None:
    for name, about in TRACES.items():
        path = GOLDEN / f"{name}.json.gz"
        if record or not path.exists():
            given = record_trace(about)
        else:
            old = read_trace(path)
            given = [step.given for step in old.steps]
            changes = [line for stage in REPLAYS for line in stage_changes(stages, old.steps, stage)]
            print(report(changes, f"accepted {name}"))
        write_trace(path, Trace(about, answer_all(stages, given)))


def accept_sights(networks: Stages, *, record: bool) -> None:
    for name, about in PICTURES.items():
        picture, answers_path = GOLDEN / f"{name}.jpg", GOLDEN / f"{name}.json"
        if record or not picture.exists():
            write_picture(picture, record_picture(about))
        elif answers_path.exists():
            changes = changed_sight(networks, name)
            print(report(changes, f"accepted {name}.jpg"))
        write_sight(answers_path, look(networks, read_picture(picture)))


@pytest.mark.parametrize("stage", list(REPLAYS))
@pytest.mark.parametrize("name", list(TRACES))
def test_a_stage_gives_what_was_recorded(stages: Stages, name: str, stage: str) -> None:
    changes = stage_changes(stages, read_trace(GOLDEN / f"{name}.json.gz").steps, stage)
    assert not changes, f"{report(changes, name)}\n{HOW}"


@pytest.mark.parametrize("name", list(PICTURES))
def test_detector_and_lanes_see_what_was_recorded(networks: Stages, name: str) -> None:
    changes = changed_sight(networks, name)
    assert not changes, f"{report(changes, f'{name}.jpg')}\n{HOW}"

"""The registry, the configuration, and which agents can reach the truth."""

from __future__ import annotations

import gc
from types import ModuleType

import pytest
from tiny_world import PLATFORM, Body, TinyWorld, straight_road

from agents.baselines import ConstantAgent
from agents.config import ModularConfig
from agents.registry import CONFIGS, Registry, agent_names, build_agent
from drive_stack.config import load_model
from drive_stack.errors import ConfigError
from drive_stack.support.layout import MODELS
from drive_stack.types import Control, FloatArray
from drive_stack.world_state import WorldState
from envs.oracles import Oracles


def reachable(root: object, target: object) -> bool:
    """Whether ``target`` is reachable by references from ``root``; modules and classes are skipped."""
    visited, queue = {id(root)}, [root]
    while queue:
        for inner in gc.get_referents(queue.pop()):
            if inner is target:
                return True
            is_namespace = isinstance(inner, dict) and "__builtins__" in inner
            if id(inner) in visited or is_namespace or isinstance(inner, (ModuleType, type)):
                continue
            visited.add(id(inner))
            queue.append(inner)
    return False


def test_a_name_can_be_registered_once() -> None:
    registry = Registry()
    registry.register("one", lambda request: ConstantAgent(request.platform))
    with pytest.raises(ValueError, match="registered twice"):
        registry.register("one", lambda request: ConstantAgent(request.platform))


def test_the_documented_names_exist() -> None:
    assert {"modular", "expert", "constant", "random", "human"} <= set(agent_names())


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("modullar", "modular"),
        ("agents.baselines:ConstantAgnt", "ConstantAgent"),
        ("no.such.module:Thing", "No module"),
        ("nowhere.yaml", "no such file"),
    ],
)
def test_an_unknown_agent_is_refused_with_a_hint(spec: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        build_agent(spec, PLATFORM)


def test_an_unknown_stage_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match="pure_pursuit"):
        build_agent("expert", PLATFORM, overrides=["control.lateral=magic"])
    with pytest.raises(ConfigError, match="perception"):
        build_agent("modular", PLATFORM, overrides=["perceptoin.detector=oracle"])


def test_an_oracle_needs_the_truth() -> None:
    with pytest.raises(ConfigError, match="truth"):
        build_agent("expert", PLATFORM)


def test_baselines_take_no_settings() -> None:
    with pytest.raises(ConfigError, match="nothing to set"):
        build_agent("constant", PLATFORM, overrides=["speed=3"])


def test_a_class_by_its_name() -> None:
    assert build_agent("agents.baselines:ConstantAgent", PLATFORM).name == "constant"


def test_an_agent_with_an_oracle_is_privileged() -> None:
    assert not load_model(CONFIGS / "modular.yaml", ModularConfig).privileged
    for override in (
        "perception.detector=oracle",
        "perception.lanes=oracle",
        "perception.lifter=oracle",
        "tracking.tracker=oracle",
        "prediction.predictor=oracle",
        "control.lateral=oracle",
        "control.longitudinal=oracle",
    ):
        assert load_model(CONFIGS / "modular.yaml", ModularConfig, [override]).privileged
    world = TinyWorld(straight_road())
    assert build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM)).privileged


def test_the_walk_finds_the_truth_in_an_expert() -> None:
    world = TinyWorld(straight_road())
    expert = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM), truth=world)
    assert reachable(expert, world)


@pytest.mark.skipif(
    not ((MODELS / "detector.onnx").exists() and (MODELS / "lanes.onnx").exists()),
    reason="the trained weights are not there yet",
)
def test_a_modular_agent_cannot_reach_the_truth_it_is_offered() -> None:
    world = TinyWorld(straight_road())
    agent = build_agent("modular", PLATFORM, oracles=Oracles(world, PLATFORM), truth=world)
    agent.reset(0)
    assert not agent.privileged
    assert not reachable(agent, world)


def test_the_seeded_random_agent_repeats_itself() -> None:
    world = TinyWorld(straight_road())
    agent = build_agent("random", PLATFORM)
    runs = []
    for _ in range(2):
        agent.reset(7)
        runs.append([agent.act(world.observation()) for _ in range(5)])
    assert runs[0] == runs[1]


def test_the_expert_traces_every_stage() -> None:
    world = TinyWorld(straight_road(), lane=1, bodies=[Body(80.0, -1.8, 15.0)])
    expert = build_agent("expert", PLATFORM, oracles=Oracles(world, PLATFORM))
    expert.reset(0)
    control = expert.act(world.observation())
    trace = expert.trace
    assert trace is not None
    assert trace.control == control
    assert trace.plan is not None
    assert trace.lanes is not None
    assert len(trace.tracks) == len(trace.predictions) == 1
    stages = {"detector", "lanes", "lifter", "tracker", "predictor", "planner", "control"}
    assert set(trace.stage_ms) == stages


def test_a_reset_agent_drives_as_a_fresh_one() -> None:
    def controls(agent_runs: int) -> list[Control]:
        world = TinyWorld(straight_road(), lane=1, bodies=[Body(120.0, -1.8, 10.0)])
        holder = [world]
        agent = build_agent("expert", PLATFORM, oracles=Oracles(HeldWorld(holder), PLATFORM))
        out: list[Control] = []
        for _ in range(agent_runs):
            holder[0] = TinyWorld(straight_road(), lane=1, bodies=[Body(120.0, -1.8, 10.0)])
            agent.reset(0)
            out = []
            for _ in range(30):
                out.append(agent.act(holder[0].observation()))
                holder[0].step(out[-1])
        return out

    assert controls(1) == controls(2)


class HeldWorld(TinyWorld):
    """Answers from the world that is in the holder at the time."""

    def __init__(self, holder: list[TinyWorld]) -> None:
        self._holder = holder

    def world_state(self) -> WorldState:
        return self._holder[0].world_state()

    def forecast(self, horizon: float, dt: float) -> dict[int, FloatArray]:
        return self._holder[0].forecast(horizon, dt)

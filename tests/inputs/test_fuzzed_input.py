"""Any text in files and settings gives a configuration or is refused in one line."""

from __future__ import annotations

import math
import tempfile
from functools import cache
from pathlib import Path

import pytest
import yaml
from fuzz_strategies import FEW_EXAMPLES, MANY_EXAMPLES, RAW_TEXTS, fuzzing, keys_of, read_or_refuse
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from agents.affordances import AffordancesConfig
from agents.config import ModularConfig
from agents.end_to_end import EndToEndConfig
from agents.mid_to_end import MidToEndConfig
from agents.registry import build_agent
from drive_stack.app.options import seeds_between
from drive_stack.config import StrictModel, load_model
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.evaluation.suite import Suite, load_suite
from drive_stack.learning.affordances.config import AffordanceTraining
from drive_stack.learning.detector.config import DetectorTraining
from drive_stack.learning.imitation.config import PolicyTraining
from drive_stack.learning.lanes.config import LaneTraining
from drive_stack.learning.mid_to_end.config import MidToEndTraining
from drive_stack.study.config import StudyPlan
from envs.scenarios.scenario import Scenario, load_scenario

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
FILES: dict[str, tuple[Path, type[StrictModel]]] = {
    "modular": (CONFIGS / "agents" / "modular.yaml", ModularConfig),
    "end_to_end": (CONFIGS / "agents" / "end_to_end.yaml", EndToEndConfig),
    "mid_to_end": (CONFIGS / "agents" / "mid_to_end.yaml", MidToEndConfig),
    "affordances": (CONFIGS / "agents" / "affordances.yaml", AffordancesConfig),
    "suite": (CONFIGS / "suites" / "ncap.yaml", Suite),
    "scenario": (CONFIGS / "scenarios" / "cut_in.yaml", Scenario),
    "detector": (CONFIGS / "training" / "detector.yaml", DetectorTraining),
    "lanes": (CONFIGS / "training" / "lanes.yaml", LaneTraining),
    "policy": (CONFIGS / "training" / "policy.yaml", PolicyTraining),
    "tracks": (CONFIGS / "training" / "mid_to_end.yaml", MidToEndTraining),
    "direct_perception": (CONFIGS / "training" / "affordances.yaml", AffordanceTraining),
    "study": (CONFIGS / "study.yaml", StudyPlan),
}


def fields_of(model: type[BaseModel]) -> list[str]:
    """Dotted keys of a model's fields, and of those fields that are models themselves."""
    keys = []
    for name, field in model.model_fields.items():
        keys.append(name)
        if isinstance(field.default, BaseModel):
            keys += [f"{name}.{inner}" for inner in fields_of(type(field.default))]
    return keys


def overrides_for(kind: str) -> st.SearchStrategy[tuple[str, ...]]:
    path, model = FILES[kind]
    known = sorted({*keys_of(yaml.safe_load(path.read_text(encoding="utf-8"))), *fields_of(model)})
    keys = st.one_of(
        st.sampled_from(known), st.text(max_size=12), st.sampled_from(known).map(lambda key: key + ".0")
    )
    override = st.tuples(keys, RAW_TEXTS).map("=".join)
    return st.lists(st.one_of(override, st.text(max_size=20)), min_size=1, max_size=3).map(tuple)


def fuzz_settings(kind: str, examples: int) -> None:
    path, model = FILES[kind]

    @fuzzing(examples)
    @given(overrides_for(kind))
    def check(overrides: tuple[str, ...]) -> None:
        read_or_refuse(lambda: load_model(path, model, overrides))

    check()


@cache  # a suite has many courses, and a change of its file concerns few of them
def world_name(scenario: str) -> str:
    return load_scenario(scenario).world_name


def fuzz_files(kind: str, examples: int) -> None:
    path, model = FILES[kind]
    text = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / path.name

        @fuzzing(examples)
        @given(st.integers(0, len(text)), st.integers(0, 40), st.one_of(RAW_TEXTS, st.binary(max_size=20)))
        def check(start: int, length: int, inserted: str | bytes) -> None:
            new = inserted if isinstance(inserted, bytes) else inserted.encode("utf-8", "surrogatepass")
            file.write_bytes(text[:start].encode() + new + text[start + length :].encode())
            if kind == "suite":
                read_or_refuse(lambda: load_suite(str(file)).scenarios(["cruise"], world_name))
            elif kind == "scenario":
                read_or_refuse(lambda: load_scenario(file))
            else:
                read_or_refuse(lambda: load_model(file, model))

        check()


@pytest.mark.parametrize("kind", FILES)
def test_fuzzed_settings_give_a_configuration_or_a_line(kind: str) -> None:
    fuzz_settings(kind, FEW_EXAMPLES)


@pytest.mark.parametrize("kind", FILES)
def test_fuzzed_files_give_a_configuration_or_a_line(kind: str) -> None:
    fuzz_files(kind, FEW_EXAMPLES)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_many_fuzzed_settings(kind: str) -> None:
    fuzz_settings(kind, MANY_EXAMPLES)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_many_fuzzed_files(kind: str) -> None:
    fuzz_files(kind, MANY_EXAMPLES)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=30), st.from_regex(r"[0-9²١]{0,30}:[0-9²]{0,30}", fullmatch=True)))
def test_fuzzed_ranges_of_seeds(text: str) -> None:
    read_or_refuse(lambda: seeds_between(text))


def extremes(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Each bounded number of a configuration at either end of its range."""
    settings_at_ends = []
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            settings_at_ends += extremes(type(field.default), f"{prefix}{name}.")
        ends = [
            getattr(constraint, side)
            for constraint in field.metadata
            for side in ("ge", "le")
            if hasattr(constraint, side)
        ]
        settings_at_ends += [f"{prefix}{name}={end}" for end in ends]
    return settings_at_ends


@pytest.mark.slow
def test_every_setting_at_the_ends_of_its_range_drives() -> None:
    """The truth replaces the networks, which are slow to load."""
    ends = extremes(ModularConfig)
    assert "planning.lattice.step=0.05" in ends and "control.mpc.steps=100" in ends and len(ends) > 150
    truth = [f"perception.{stage}=oracle" for stage in ("detector", "lanes", "lifter")]
    env = DrivingEnv(EnvSpec("cut_in", camera=False))
    try:
        for end in ends:
            overrides = (*truth, end, *_stage_override(end))
            agent = build_agent(
                "modular", env.platform, oracles=env.oracles, truth=env.truth, overrides=overrides
            )
            observation = env.reset(100_000)
            agent.reset(100_000)
            for _ in range(2):
                control = agent.act(observation)
                assert math.isfinite(control.steering) and math.isfinite(control.acceleration), end
                observation = env.step(control).observation
    finally:
        env.close()


def _stage_override(end: str) -> list[str]:
    """Overrides that select the stage of a setting, if the default is another one."""
    name = end.split(".")[1]
    if name in ("pure_pursuit", "stanley", "lqr", "mpc"):
        return [f"control.lateral={name}"]
    return ["prediction.predictor=constant_velocity"] if name == "constant_velocity" else []

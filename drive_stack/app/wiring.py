"""Everything that the command line injects into the commands: scenarios, agents, and where things lie.

`drive_stack` imports neither the environment nor the agents. ``run_sim.py`` knows all packages, makes one
`Wiring`, and hands it to every command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.interfaces import Agent, Platform
from drive_stack.pipeline.perceiving import PerceptionSource
from drive_stack.scenario_keys import ScenarioKey
from drive_stack.viewer.keys import DrivingKeys

if TYPE_CHECKING:  # only the commands that need these import them
    from drive_stack.benchmarks.lateral_control.loop import MakeDynamics
    from drive_stack.benchmarks.lateral_control.study import Controllers
    from drive_stack.benchmarks.speed.closed_loop import MakeAgent
    from drive_stack.benchmarks.speed.interleaved import Contender


class HumanAgentMaker(Protocol):
    """Makes the agent that a person drives; `agents.human.HumanAgent` is one."""

    def __call__(self, platform: Platform, keys: Callable[[], DrivingKeys]) -> Agent:
        """Make the agent; ``keys`` returns the keys that are held down."""
        ...


@dataclass(frozen=True, slots=True)
class ControlWiring:
    """What ``control`` compares."""

    controllers: Callable[[Platform, Sequence[str]], Controllers]  # by platform and overrides
    dynamics: MakeDynamics  # how the car moves
    platform: Platform


@dataclass(frozen=True, slots=True)
class BenchWiring:
    """What ``bench`` measures. ``int`` arguments are numbers of vehicles, or of worlds for ``batch``."""

    stock_traffic: Callable[[int], Contender]  # highway-env's traffic
    same_traffic: Callable[[int], Contender]  # this project's code on the same trajectories
    world_traffic: Callable[[int], Contender]  # the traffic that this project's worlds use
    stock_steps: Callable[[int], Contender]  # highway-v0's env.step
    own_steps: Callable[[int], Contender]  # this project's env.step
    camera: Callable[[int], tuple[Contender, Contender]]  # this project's camera, and Panda3D alone
    batch: Callable[[int], AbstractContextManager[tuple[Contender, Contender]]]  # together, one by one
    training: Callable[[], AbstractContextManager[tuple[Contender, Contender]]]  # own, highway-env's example
    crowded_scenario: Callable[[int], str]  # content of a scenario file, as JSON
    crowded_seeds: Callable[[int], Sequence[int]]  # seeds on which that scenario has hardly more vehicles
    agent: MakeAgent
    network: Path  # description of the detector's network


@dataclass(frozen=True, slots=True)
class ConvertedScenario:
    """A scenario file that was made from a file of another format."""

    text: str
    notes: Sequence[str]  # what was not carried over, one line each


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the commands need from outside `drive_stack`."""

    root: Path  # folder of the project; results go below ``runs/``
    batch: BatchWiring
    long_scenarios: Sequence[str]  # names of scenarios of several kilometres, apart from the catalogue
    agent_names: Sequence[str]
    human_agent: HumanAgentMaker
    is_policy_file: Callable[[str], bool]  # whether ``--agent`` names the file of a policy
    # the perception of the driver mid_to_end with overrides of its agent file; raises `ConfigError`
    perception: Callable[[Sequence[str]], PerceptionSource]
    convert_scenario: Callable[[Path], ConvertedScenario]  # raises `ConfigError`
    scenario_keys: Callable[[str], Sequence[ScenarioKey]]  # by name or file; raises `ConfigError`
    control: Callable[[], ControlWiring]
    bench: Callable[[], BenchWiring]  # a function, because what it needs is slow to import

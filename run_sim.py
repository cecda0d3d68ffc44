"""The command line of Drive Stack. `python run_sim.py --help` explains it."""

from __future__ import annotations

import signal

# Importing the libraries takes seconds. Until `main` handles Ctrl-C it ends the process as any signal does,
# without a traceback, and so it does again once `main` has handled it.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from agents.config import ModularConfig
from agents.facts import agent_facts
from agents.foreign.agent import is_foreign
from agents.human import HumanAgent
from agents.registry import CONFIGS, agent_names, build_agent, in_process_overrides
from agents.stages import lateral_makers
from drive_stack.agent_errors import AgentError, bounded_text
from drive_stack.app.commands import drive
from drive_stack.app.commands.table import commands
from drive_stack.app.options import TRACEBACK
from drive_stack.app.wiring import BenchWiring, ControlWiring, Wiring
from drive_stack.benchmarks.lateral_control.study import Controllers
from drive_stack.camera_model import CameraModel
from drive_stack.config import load_model, unknown_name
from drive_stack.errors import ConfigError
from drive_stack.escaping import visible
from drive_stack.evaluation.batch.wiring import BatchWiring, ScenarioFacts
from drive_stack.interfaces import Platform
from drive_stack.support.interrupts import Terminated, raise_on_termination
from drive_stack.support.telemetry import use_matplotlib_cache
from drive_stack.vehicle import VehicleParameters
from envs.ego import Ego
from envs.scenarios.scenario import load_scenario, scenario_names

ROOT = Path(__file__).resolve().parent
COMMANDS = commands()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    show_traceback = TRACEBACK in arguments
    arguments = [word for word in arguments if word != TRACEBACK]
    use_matplotlib_cache()
    try:
        with raise_on_termination():
            if arguments and arguments[0] in COMMANDS:
                return COMMANDS[arguments[0]](arguments[1:], make_wiring())
            if arguments and not arguments[0].startswith("-"):
                raise unknown_name("command", arguments[0], COMMANDS)
            return drive.run(arguments, make_wiring())
    except ConfigError as error:
        if show_traceback:
            print(traceback_of(error), file=sys.stderr)
        print(f"run_sim.py: {visible(str(error))}", file=sys.stderr)
        return 2
    except Terminated as error:
        print(f"run_sim.py: stopped by {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("run_sim.py: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def traceback_of(error: ConfigError) -> str:
    """Return the traceback of an error; of an agent's own code where the error carries it."""
    details = error.details if isinstance(error, AgentError) else None
    return details or bounded_text("".join(traceback.format_exception(error)).rstrip())


def make_wiring() -> Wiring:
    """Make what the commands need from `envs` and `agents`."""
    return Wiring(
        root=ROOT,
        batch=BatchWiring(
            scenarios=scenario_names(),
            scenario_facts=scenario_facts,
            agent_facts=agent_facts,
            build_agent=build_agent,
            packages=(ROOT / "drive_stack", ROOT / "envs", ROOT / "agents"),
            in_process_overrides=in_process_overrides,
        ),
        agent_names=agent_names(),
        human_agent=HumanAgent,
        is_policy_file=is_foreign,
        control=control_wiring,
        bench=bench_wiring,
    )


def scenario_facts(name_or_path: str) -> ScenarioFacts:
    """Read and check a scenario; `ConfigError` where that fails."""
    scenario = load_scenario(name_or_path)
    return ScenarioFacts(
        description=scenario.description,
        source=scenario.source,
        world_name=scenario.world_name,
        content=scenario.model_dump_json(exclude_unset=True),
    )


def control_wiring() -> ControlWiring:
    """Make the lateral controllers with the settings of the modular agent."""

    def controllers(platform: Platform, overrides: Sequence[str]) -> Controllers:
        config = load_model(CONFIGS / "modular.yaml", ModularConfig, overrides)
        return lateral_makers(config.control, platform)

    return ControlWiring(controllers, Ego, Platform(VehicleParameters(), CameraModel()))


def bench_wiring() -> BenchWiring:
    """Make the workloads of the speed benchmark; nothing else imports them."""
    from envs.workloads import batch, camera, env_steps, traffic  # noqa: PLC0415 - slow to import

    return BenchWiring(
        stock_traffic=traffic.stock_ticks,
        same_traffic=traffic.stock_ticks_as_arrays,
        world_traffic=traffic.world_ticks,
        stock_steps=env_steps.stock_steps,
        own_steps=env_steps.our_steps,
        camera=camera.camera_and_bare_engine,
        batch=batch.batch_and_one_by_one,
        crowded_scenario=lambda vehicles: env_steps.crowded(vehicles).model_dump_json(exclude_unset=True),
        crowded_seeds=env_steps.crowded_seeds,
        agent=lambda platform: build_agent("modular", platform),
        network=ROOT / "configs" / "training" / "detector_network.yaml",
    )


if __name__ == "__main__":
    sys.exit(main())

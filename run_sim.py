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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from drive_stack.agent_errors import AgentError, bounded_text
from drive_stack.app.commands.table import DRIVE, HELP, commands, load_command, with_help_option
from drive_stack.app.options import TRACEBACK
from drive_stack.errors import ConfigError
from drive_stack.escaping import visible
from drive_stack.support import layout
from drive_stack.support.interrupts import Terminated, raise_on_termination
from drive_stack.support.telemetry import use_matplotlib_cache

if TYPE_CHECKING:
    from drive_stack.app.wiring import BenchWiring, Wiring

COMMANDS = commands()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    show_traceback = TRACEBACK in arguments
    arguments = [word for word in arguments if word != TRACEBACK]
    use_matplotlib_cache()
    try:
        run = load(arguments)
        with raise_on_termination():
            return run()
    except ConfigError as error:
        if show_traceback:
            print(traceback_of(error), file=sys.stderr)
        print(f"{layout.PROGRAM}: {visible(str(error))}", file=sys.stderr)
        return 2
    except Terminated as error:
        print(f"{layout.PROGRAM}: stopped by {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print(f"{layout.PROGRAM}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def load(arguments: Sequence[str]) -> Callable[[], int]:
    """Read a command line and import what it needs; returns what runs it. Raises `ConfigError`."""
    arguments = with_help_option(arguments)
    if arguments and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]](arguments[1:], make_wiring)
    if arguments and not arguments[0].startswith("-"):
        from drive_stack.config import unknown_name

        raise unknown_name("command", arguments[0], [*COMMANDS, HELP])
    return load_command(DRIVE, arguments, make_wiring)


def traceback_of(error: ConfigError) -> str:
    """Return the traceback of an error; of an agent's own code where the error carries it."""
    details = error.details if isinstance(error, AgentError) else None
    return details or bounded_text("".join(traceback.format_exception(error)).rstrip())


def make_wiring() -> Wiring:
    """Import `envs` and `agents`, and make what the commands need from them.

    In an installed wheel this file is ``drive_stack.run_sim``, and both packages are next to it. They take
    seconds to import, which ``--help`` does not need.
    """
    from drive_stack.app.wiring import ControlWiring, ConvertedScenario, Wiring
    from drive_stack.camera_model import CameraModel
    from drive_stack.evaluation.batch.wiring import BatchWiring, ScenarioFacts
    from drive_stack.interfaces import Platform
    from drive_stack.vehicle import VehicleParameters

    if TYPE_CHECKING or not __package__:
        from agents.facts import agent_facts
        from agents.foreign.agent import is_foreign
        from agents.human import HumanAgent
        from agents.recorded_perception import perception_source
        from agents.registry import agent_names, build_agent, in_process_overrides
        from agents.stages import configured_lateral_makers
        from envs.ego import Ego
        from envs.hazards.unreactive_drive import drive_into_hazard
        from envs.openscenario.conversion import convert
        from envs.scenario_keys.model_keys import scenario_keys
        from envs.scenarios.scenario import load_scenario, long_scenario_names, scenario_names
    else:
        from .agents.facts import agent_facts
        from .agents.foreign.agent import is_foreign
        from .agents.human import HumanAgent
        from .agents.recorded_perception import perception_source
        from .agents.registry import agent_names, build_agent, in_process_overrides
        from .agents.stages import configured_lateral_makers
        from .envs.ego import Ego
        from .envs.hazards.unreactive_drive import drive_into_hazard
        from .envs.openscenario.conversion import convert
        from .envs.scenario_keys.model_keys import scenario_keys
        from .envs.scenarios.scenario import load_scenario, long_scenario_names, scenario_names

    def scenario_facts(name_or_path: str) -> ScenarioFacts:
        scenario = load_scenario(name_or_path)
        return ScenarioFacts(
            description=scenario.description,
            source=scenario.source,
            world_name=scenario.world_name,
            content=scenario.model_dump_json(exclude_unset=True),
        )

    def convert_scenario(path: Path) -> ConvertedScenario:
        conversion = convert(path)
        return ConvertedScenario(conversion.text, conversion.notes)

    return Wiring(
        root=layout.project_folder(),
        batch=BatchWiring(
            scenarios=scenario_names(),
            scenario_facts=scenario_facts,
            agent_facts=agent_facts,
            build_agent=build_agent,
            packages=layout.SOURCES,
            in_process_overrides=in_process_overrides,
            drive_into_hazard=drive_into_hazard,
        ),
        long_scenarios=long_scenario_names(),
        agent_names=agent_names(),
        human_agent=HumanAgent,
        is_policy_file=is_foreign,
        perception=perception_source,
        convert_scenario=convert_scenario,
        scenario_keys=scenario_keys,
        control=lambda: ControlWiring(
            configured_lateral_makers, Ego, Platform(VehicleParameters(), CameraModel())
        ),
        bench=bench_wiring,
    )


def bench_wiring() -> BenchWiring:
    """Make the workloads of the speed benchmark; nothing else imports them."""
    from drive_stack.app.wiring import BenchWiring

    if TYPE_CHECKING or not __package__:
        from agents.registry import build_agent
        from envs.workloads import batch, camera, env_steps, traffic, training
    else:
        from .agents.registry import build_agent
        from .envs.workloads import batch, camera, env_steps, traffic, training

    return BenchWiring(
        stock_traffic=traffic.stock_ticks,
        same_traffic=traffic.stock_ticks_as_arrays,
        world_traffic=traffic.world_ticks,
        stock_steps=env_steps.stock_steps,
        own_steps=env_steps.our_steps,
        camera=camera.camera_and_bare_engine,
        batch=batch.batch_and_one_by_one,
        training=training.training,
        crowded_scenario=lambda vehicles: env_steps.crowded(vehicles).model_dump_json(exclude_unset=True),
        crowded_seeds=env_steps.crowded_seeds,
        agent=lambda platform: build_agent("modular", platform),
        network=layout.CONFIGS / "training" / "detector_network.yaml",
    )


if __name__ == "__main__":
    sys.exit(main())

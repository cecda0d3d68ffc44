"""Drive, watch, train: the command line of Drive Stack. `python run_sim.py --help` explains it."""

from __future__ import annotations

import signal

# Importing the libraries takes seconds. Until `main` handles Ctrl-C it ends the process as any signal does,
# without a traceback, and so it does again once `main` has handled it.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agents.config import ModularConfig
from agents.facts import agent_facts
from agents.foreign.agent import is_foreign
from agents.human import HumanAgent
from agents.registry import CONFIGS, agent_names, build_agent, sharing_process
from agents.stages import lateral_makers
from drive_stack.agent_errors import AgentError, bounded_text
from drive_stack.app.control_command import Compared, control
from drive_stack.app.drive_options import drive_parser
from drive_stack.app.episodes import EpisodeSpec, Factories, consecutive
from drive_stack.app.judge_command import judge
from drive_stack.app.names import overrides_of
from drive_stack.app.options import TRACEBACK
from drive_stack.app.outside import Outside
from drive_stack.app.perception_command import Outside as Measured
from drive_stack.app.perception_command import perception
from drive_stack.app.race import RaceResult, RaceSession, print_races, racing_names
from drive_stack.app.replay_command import replay_of, replay_parser, told
from drive_stack.app.session import EpisodeSession
from drive_stack.app.stages_command import stages
from drive_stack.app.table import print_results
from drive_stack.app.train_command import train
from drive_stack.camera_model import CameraModel
from drive_stack.config import ConfigError, load_model, unknown_name
from drive_stack.control_study.study import Controllers
from drive_stack.driving_env import DrivingEnv, EnvSpec
from drive_stack.escaping import visible
from drive_stack.evaluation.batch.interrupts import Terminated, termination_raises
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.interfaces import Agent, Platform
from drive_stack.scenario_name import unique_stem
from drive_stack.telemetry import keep_figures_cache
from drive_stack.vehicle import VehicleParameters
from drive_stack.viewer.frame import FrameRenderer, Renderer
from drive_stack.viewer.race_frame import RaceRenderer
from drive_stack.viewer.recording import RecordedSession, Recorder
from drive_stack.viewer.records import Frame, PreparedSession, Session
from drive_stack.viewer.window import Keyboard, Window, display_available
from drive_stack.whole_files import make_folder
from envs.ego import Ego
from envs.scenario import load_scenario, scenario_names

ROOT = Path(__file__).resolve().parent
VIDEO_SIZE = (1600, 900)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    tracebacks = TRACEBACK in given
    given = [word for word in given if word != TRACEBACK]
    keep_figures_cache()
    try:
        with termination_raises():
            if given and given[0] in COMMANDS:
                return COMMANDS[given[0]](given[1:])
            if given and not given[0].startswith("-"):
                raise unknown_name("command", given[0], COMMANDS)
            return drive(given)
    except ConfigError as error:
        if tracebacks:
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
    """That of the agent's own code, where the error brings it."""
    details = error.details if isinstance(error, AgentError) else None
    return details or bounded_text("".join(traceback.format_exception(error)).rstrip())


def drive(given: Sequence[str]) -> int:
    """The main job: put an agent on the road, or several in a race, watched or unseen."""
    options = drive_parser().parse_args(given)
    options.agent = options.agent or ["modular"]
    if options.list:
        return show_list()
    return race(options) if len(options.agent) > 1 else drive_alone(options)


def drive_alone(options: argparse.Namespace, also: Callable[[EpisodeResult], None] | None = None) -> int:
    """One driver; ``also`` is told of each result when all is shown."""
    results: list[EpisodeResult] = []

    def finished(result: EpisodeResult) -> None:
        results.append(result)
        if options.json:
            print(result.to_json(), flush=True)

    session = EpisodeSession(
        factories_of(options, 0),
        episodes_of(options),
        catalogue=scenario_names(),
        on_result=finished,
        expert=onlooking_expert(options),
    )
    try:
        show(options, session, FrameRenderer)
    finally:
        session.close()
        if results and not options.json:
            print_results(results, Console(width=None if sys.stdout.isatty() else 110))
        if also is not None:
            for result in results:
                also(result)
    return 1 if any(result.status is Status.ERROR for result in results) else 0


def race(options: argparse.Namespace) -> int:
    """Several drivers, side by side."""
    races: list[RaceResult] = []

    def finished(result: RaceResult) -> None:
        races.append(result)
        if options.json:
            for one in result.results:
                print(one.to_json(), flush=True)
            print(result.verdict_json(), flush=True)

    names = racing_names(options.agent)
    session = RaceSession(
        [factories_of(options, index) for index in range(len(names))],
        names,
        episodes_of(options),
        catalogue=scenario_names(),
        on_result=finished,
    )
    try:
        show(options, session, RaceRenderer)
    finally:
        session.close()
        if races and not options.json:
            print_races(races, Console(width=None if sys.stdout.isatty() else 140))
    return 1 if any(one.status is Status.ERROR for result in races for one in result.results) else 0


def factories_of(options: argparse.Namespace, index: int) -> Factories:
    """How a driver, counted in the order of --agent, and its world are made."""
    spec, overrides = options.agent[index], overrides_of(index, options.agent, options.set)
    overrides = (*overrides, *sharing_process(spec)) if options.in_process else overrides
    trusted: bool = options.trust
    return Factories(
        env=lambda scenario: DrivingEnv(EnvSpec(scenario)),
        agent=lambda env: driver(spec, overrides, env, trusted=trusted),
    )


def episodes_of(options: argparse.Namespace) -> Sequence[EpisodeSpec]:
    """The episodes asked for; a scenario that cannot be read is refused here, before anything opens."""
    load_scenario(options.scenario)
    return consecutive(options.scenario, options.seed, options.episodes)


def onlooking_expert(options: argparse.Namespace) -> Callable[[DrivingEnv], Agent] | None:
    """For drivers that cannot say why they do what they do: the expert's answer beside theirs, if watched."""
    watched = options.record is not None or not options.headless
    silent = options.agent[0] == "end_to_end" or is_foreign(options.agent[0])
    return partial(driver, "expert", ()) if watched and silent else None


def driver(spec: str, overrides: Sequence[str], env: DrivingEnv, *, trusted: bool = False) -> Agent:
    """The agent asked for, with oracles at hand for those whose configuration names them."""
    if spec == "human":
        return HumanAgent(env.platform, Keyboard())
    return build_agent(
        spec, env.platform, oracles=env.oracles, truth=env.truth, overrides=overrides, trusted=trusted
    )


def show(
    options: argparse.Namespace,
    session: PreparedSession[Frame],
    renderer: Callable[[int, int], Renderer[Frame]],
) -> None:
    """In a window where there is a display, else unseen; filmed where asked, or where nobody can watch."""
    windowed = not options.headless and display_available()
    film: Path | None = options.record
    if not windowed and "human" in options.agent:
        raise ConfigError("--agent human: needs a window, and there is no display")
    if not windowed and not options.headless:
        film = film or default_film(options)
        make_folder(film.parent)
    window = Window(renderer(*VIDEO_SIZE), driving="human" in options.agent) if windowed else None
    if film is None:
        session.begin()
        watch(session, window)
        return
    with Recorder(film, VIDEO_SIZE, 1.0 / EnvSpec(options.scenario).agent_hz) as recorder:
        session.begin()
        if not windowed and not options.headless:
            print(f"no display: driving unseen; what a window would show goes to {film}", file=sys.stderr)
        watch(RecordedSession(session, recorder, renderer(*VIDEO_SIZE)), window)
    print(f"video: {film}", file=sys.stderr)


def default_film(options: argparse.Namespace) -> Path:
    """Where the video goes when there is no display and none was named."""
    who = "-".join(map(unique_stem, options.agent))
    name = f"{who}-{unique_stem(options.scenario)}-{options.seed}.mp4"
    return ROOT / "runs" / "videos" / name


def watch(session: Session[Frame], window: Window[Frame] | None) -> None:
    """Let the window pace the session, or run it to its end as fast as it goes."""
    if window is not None:
        window.run(session)
        return
    frame: Frame | None = session.reset()
    while frame is not None:
        while not session.done:
            session.step()
        frame = session.next_episode()


def show_list() -> int:
    """Scenarios with what they are and where they come from, and agents."""
    console = Console()
    table = Table(title="Scenarios", title_style="bold", title_justify="left")
    for heading in ("name", "what happens", "source"):
        table.add_column(heading, overflow="fold")
    for name in scenario_names():
        scenario = load_scenario(name)
        table.add_row(name, scenario.description, scenario.source)
    console.print(table)
    console.print("[bold]Agents[/bold] " + ", ".join(agent_names()))
    return 0


def outside() -> Outside:
    """What commands that drive batches need from here."""
    return Outside(
        scenarios=scenario_names(),
        scenario_content=lambda name: load_scenario(name).model_dump_json(exclude_unset=True),
        world_name=lambda name: load_scenario(name).world_name,
        agent_facts=agent_facts,
        build=build_agent,
        packages=(ROOT / "drive_stack", ROOT / "envs", ROOT / "agents"),
        sharing_process=sharing_process,
    )


def train_model(given: Sequence[str]) -> int:
    """Make a trained model again."""
    return train(given, scenario_names(), ROOT, collect_drives)


def judge_model(given: Sequence[str]) -> int:
    """Judge a trained model on seeds it never saw."""

    def drive(asked: Sequence[str]) -> list[EpisodeResult]:
        from drive_stack.app.evaluate_command import results_of  # noqa: PLC0415 - pyarrow is slow to import

        return results_of(asked, outside(), ROOT)

    return judge(given, scenario_names(), ROOT, drive)


def compare_stages(given: Sequence[str]) -> int:
    """The modular driver with each stage replaced by its oracle in turn."""
    return stages(given, outside(), ROOT)


def evaluate_drivers(given: Sequence[str]) -> int:
    """Drivers on the same courses, scored and compared."""
    from drive_stack.app.evaluate_command import evaluate  # noqa: PLC0415 - pyarrow is slow to import

    return evaluate(given, outside(), ROOT)


def write_page(given: Sequence[str]) -> int:
    """The page of an evaluation."""
    from drive_stack.app.report_command import report  # noqa: PLC0415 - matplotlib is slow to import

    return report(given)


def replay_episode(given: Sequence[str]) -> int:
    """An episode of an evaluation, driven again as it was."""
    asked = replay_parser().parse_args(given)
    replay = replay_of(asked.run, asked.episode, outside(), trusted=asked.trust, in_process=asked.in_process)
    for note in replay.notes:
        print(f"note: {note}", file=sys.stderr)
    options, was = drive_parser().parse_args([]), replay.row.result
    options.agent, options.set = [replay.driver.agent], list(replay.driver.overrides)
    options.scenario, options.seed, options.trust = was.scenario, was.seed, asked.trust
    options.headless, options.record = asked.headless, asked.record
    return drive_alone(options, lambda result: print(told(replay, result)))


def collect_drives(given: Sequence[str]) -> int:
    """Record drives to learn from."""
    from drive_stack.app.collect_command import collect  # noqa: PLC0415 - pyarrow is slow to import

    return collect(given, outside())


def measure_stages(given: Sequence[str]) -> int:
    """Every stage of a driver against the truth, closed loop."""
    return perception(given, Measured(scenario_names(), load_scenario, build_agent), ROOT)


def compare_controllers(given: Sequence[str]) -> int:
    """The lateral controllers, as modular has them set, on reference paths."""

    def controllers(platform: Platform, overrides: Sequence[str]) -> Controllers:
        config = load_model(CONFIGS / "modular.yaml", ModularConfig, overrides)
        return lateral_makers(config.control, platform)

    platform = Platform(VehicleParameters(), CameraModel())
    return control(given, Compared(controllers, Ego, platform))


def measure_speed(given: Sequence[str]) -> int:
    """Everything's speed, side by side with what it is built from."""
    from drive_stack.app.bench_command import Benched, bench  # noqa: PLC0415 - torch is slow to import
    from envs.benchmarks import batch, camera, env_steps, traffic  # noqa: PLC0415 - and only this needs them

    benched = Benched(
        stock_traffic=traffic.stock_ticks,
        same_traffic=traffic.stock_ticks_as_arrays,
        world_traffic=traffic.world_ticks,
        stock_steps=env_steps.stock_steps,
        our_steps=env_steps.our_steps,
        camera=camera.camera_and_bare_engine,
        batch=batch.batch_and_one_by_one,
        crowded=lambda vehicles: env_steps.crowded(vehicles).model_dump_json(exclude_unset=True),
        crowded_seeds=env_steps.crowded_seeds,
        agent=lambda platform: build_agent("modular", platform),
        network=ROOT / "configs" / "training" / "detector_network.yaml",
    )
    return bench(given, benched)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "collect": collect_drives,
    "train": train_model,
    "judge": judge_model,
    "evaluate": evaluate_drivers,
    "report": write_page,
    "replay": replay_episode,
    "stages": compare_stages,
    "perception": measure_stages,
    "control": compare_controllers,
    "bench": measure_speed,
}

if __name__ == "__main__":
    sys.exit(main())

"""Option values and help texts that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import fill

from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.scenario_name import split_names
from drive_stack.seeds import MAX_EPISODES, MAX_SEED, SeedSplit, seed_range
from drive_stack.support.layout import COMMAND, PROGRAM, project_folder

TRUST_HELP = (
    "load policy files that can run code of their own: zip files of Stable-Baselines3, and TorchScript"
)
SCENARIOS_HELP = "names of scenarios or paths of scenario files, separated by commas (default: all)"
MAX_WORKERS = 1024
WIDTH = 100  # of descriptions [characters]
MAX_SECONDS = 86_400
_MAX_DIGITS = 19

IN_PROCESS_HELP = (
    "run policy files and classes of your own inside the simulator's process, where a debugger reaches them; "
    "they can then read the truth and change their own score"
)
TRACEBACK = "--traceback"
TRACEBACK_HELP = "also show the traceback of an error; works with every command"


class CommandParser(argparse.ArgumentParser):
    """The parser of a command; what it reads holds the whole command line as ``command``.

    Its texts name the program as it is started: ``python run_sim.py``, or ``drive-stack`` from a wheel.

    Args:
        command: its name; empty for a drive.
        description: what it does.
        epilog: examples, with line breaks.
    """

    def __init__(self, command: str, *, description: str, epilog: str) -> None:
        super().__init__(
            prog=f"{PROGRAM} {command}".rstrip(),
            description=fill(description, WIDTH),
            epilog=epilog.replace("python run_sim.py", " ".join(COMMAND)),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self._command = command

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse the words after the command's name; ends the process after ``--help`` or an error."""
        args = self.parse_args(words)
        args.command = " ".join([*COMMAND, *filter(None, [self._command]), *words])
        return args


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``low`` to ``high``, in ASCII digits."""

    def read(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
        if not digits or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(
                f"'{shortened(text)}' is not a whole number from {low} to {high}"
            )
        return int(text)

    return read


seed = whole_number(0, MAX_SEED)
episode_count = whole_number(1, MAX_EPISODES)
worker_count = whole_number(1, MAX_WORKERS)
seconds = whole_number(1, MAX_SECONDS)
positive = whole_number(1, 1_000_000_000)


def seeds_between(text: str) -> range:
    """Read ``A:B`` as the seeds from A to B - 1; `ConfigError` for anything else."""
    start, _, end = text.partition(":")
    try:
        first, stop = seed(start), whole_number(1, MAX_SEED + 1)(end)
    except argparse.ArgumentTypeError as error:
        problem = str(error)
    else:
        if first < stop:
            return seed_range(first, stop - first)
        problem = "A must be smaller than B"
    raise ConfigError(
        f"--seeds {shortened(text)}: expected A:B, such as 100000:100010 for the seeds 100000 to 100009; "
        f"{problem}"
    )


def add_set_option(group: argparse._ActionsContainer, of: str, hint: str = "") -> None:
    """Add ``--set``, which overrides a value of ``of``, such as "the agent's configuration"."""
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"override a value of {of}{hint and f'; {hint}'}; can be repeated",
    )


def add_trust_options(group: argparse._ActionsContainer) -> None:
    """Add ``--trust`` and ``--in-process``, which decide about agents that bring code."""
    group.add_argument("--trust", action="store_true", help=TRUST_HELP)
    group.add_argument("--in-process", action="store_true", help=IN_PROCESS_HELP)


def add_workers_option(group: argparse._ActionsContainer, default: int = 1) -> None:
    """Add ``--workers``."""
    group.add_argument(
        "--workers",
        type=worker_count,
        default=default,
        metavar="N",
        help="number of worker processes (default: %(default)s)",
    )


def add_model_options(
    parser: argparse.ArgumentParser, models: Sequence[str], purpose: str, work: str
) -> None:
    """Add which of ``models`` to train or evaluate (``purpose``), and ``--work``, the folder of ``work``."""
    parser.add_argument("what", choices=models, help=f"model to {purpose}")
    parser.add_argument(
        "--work",
        type=Path,
        default=project_folder() / "runs",
        metavar="DIR",
        help=f"folder of {work} (default: runs)",
    )


def add_driving_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options of a batch that is driven by workers; returns their group."""
    group = parser.add_argument_group("how it is driven")
    add_workers_option(group)
    group.add_argument(
        "--time-limit",
        type=seconds,
        default=900,
        metavar="S",
        help="wall-clock limit for one episode, in seconds; an episode that takes longer gets an error row "
        "(default: 900)",
    )
    group.add_argument(
        "--retry-lost",
        action="store_true",
        help="drive again the episodes whose worker was killed or ran into the time limit",
    )
    group.add_argument(
        "--this-code",
        action="store_true",
        help="drive again the episodes that were driven by another version of the code",
    )
    add_backend_options(group)
    return group


def add_backend_options(group: argparse._ActionsContainer) -> None:
    """Add ``--backend`` and ``--address``, which say where the workers of a batch run."""
    group.add_argument(
        "--backend",
        choices=("processes", "ray"),
        default="processes",
        help="where the workers run: as processes on this machine, or on a Ray cluster (default: processes)",
    )
    group.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="address of the Ray cluster (default: start one on this machine)",
    )


def add_course_options(group: argparse._ArgumentGroup, *, seeds: int) -> None:
    """Add ``--scenarios``, ``--seeds`` (default ``seeds``) and ``--first-seed`` (default: validation)."""
    group.add_argument("--scenarios", default="all", metavar="A,B", help=SCENARIOS_HELP)
    group.add_argument(
        "--seeds",
        type=episode_count,
        default=seeds,
        metavar="N",
        help="number of seeds of each scenario (default: %(default)s)",
    )
    group.add_argument(
        "--first-seed",
        type=seed,
        default=SeedSplit.VALIDATION.first,
        metavar="SEED",
        help="first seed of each scenario (default: %(default)s, a validation seed)",
    )


def unique_names(text: str) -> list[str]:
    """The names between commas, each once; an empty list for ``all``."""
    names = [] if text == "all" else split_names(text)
    if "" in names:
        raise ConfigError(f"'{text}': expected names between commas, or all")
    return list(dict.fromkeys(names))

"""Which source files determine a drive of the expert and its scores, and a hash of their code.

A shipped row is used only where this hash is the one that it was driven with. The configuration of agent and
scenario is hashed apart (`batch.fingerprint`), and so are the files in ``configs``.
"""

from __future__ import annotations

import hashlib
import io
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from drive_stack.evaluation.batch.fingerprint import DIGITS

# Files and folders by package. The expert needs no camera and no network, and its tracks, lanes, predictions
# and grip come from the oracles in `envs`.
DETERMINING: Mapping[str, Sequence[str]] = {
    "drive_stack": (
        "bounds.py", "camera_model.py", "camera_pose.py", "control", "driving_env.py", "fault_injection.py",
        "geometry.py", "interfaces", "interventions", "objects", "pipeline", "planning", "rl", "road",
        "road_map.py", "scenario_name.py", "seeds.py", "shifts.py", "support/observation_codec.py",
        "types", "vehicle.py", "world_state.py",
        *(
            f"evaluation/{name}"
            for name in (
                "answers.py", "avoidability", "batch/drive.py", "episode_log.py", "metrics",
                "placement.py", "result.py", "road_scene.py", "rollout.py", "schemes", "surroundings.py",
            )
        ),
    ),
    "envs": (
        "background", "bodies.py", "changes", "compiling.py", "contacts.py", "ego.py", "highway.py",
        "interface", "lane_change.py", "lane_hold.py", "occupancy.py", "oracles", "overlap.py",
        "pedestrians.py", "scenarios", "scripts.py", "sensors.py", "spawning", "speed_limits.py",
        "suspension.py", "termination", "tick_cache.py", "traffic", "truth.py", "views.py", "world.py",
    ),
    "agents": ("config.py", "expert.py", "modular.py", "stages.py", "switch.py"),
}  # fmt: skip


def drive_hash(packages: Sequence[Path]) -> str:
    """Return the hash of the code that determines the expert's drives.

    ``packages`` are the folders of `drive_stack`, `envs` and `agents`. Comments, docstrings and empty lines
    do not count. The hash is the same in a checkout and in a wheel, and with every version of Python.
    """
    return hash_code(packages, DETERMINING)


def hash_code(packages: Sequence[Path], parts: Mapping[str, Sequence[str]]) -> str:
    """Return the hash of the code in some ``parts``: files and folders by package, as in `DETERMINING`."""
    digest = hashlib.sha256()
    for name, path in determining_files(packages, parts):
        digest.update(f"{name}\0{code_of(path.read_text(encoding='utf-8'))}\0".encode())
    return digest.hexdigest()[:DIGITS]


def determining_files(
    packages: Sequence[Path], parts: Mapping[str, Sequence[str]] = DETERMINING
) -> Iterator[tuple[str, Path]]:
    """Yield the files of ``parts``, each with its name below its package, such as ``envs/ego.py``."""
    for package in packages:
        for part in parts.get(package.name, ()):
            path = package / part
            for file in sorted(path.rglob("*.py")) if path.is_dir() else filter(Path.is_file, (path,)):
                yield f"{package.name}/{file.relative_to(package).as_posix()}", file


def code_of(source: str) -> str:
    """Return the source without comments, strings that stand alone (docstrings) and empty lines."""
    lines = source.splitlines()
    for start, end in _without_effect(source):
        first, last = start[0] - 1, end[0] - 1
        lines[first] = lines[first][: start[1]] + (lines[last][end[1] :] if last == first else "")
        for number in range(first + 1, last + 1):
            lines[number] = ""
    return "\n".join(filter(None, map(str.rstrip, lines)))


_Place = tuple[int, int]  # line from 1, column from 0
_BEGINS = frozenset((tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT))  # a statement follows these tokens


def _without_effect(source: str) -> Iterator[tuple[_Place, _Place]]:
    """Yield where each comment and each string that is a statement of its own begins and ends."""
    before, string = tokenize.NEWLINE, None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start, token.end
        elif token.type != tokenize.NL:
            if string is not None and token.type == tokenize.NEWLINE:
                yield string
            stands_first = token.type == tokenize.STRING and before in _BEGINS
            string = (token.start, token.end) if stands_first else None
            before = token.type

"""Hashes of everything that determines the result of an episode. They depend on contents, never on paths."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import drive_stack

DIGITS = 16  # of SHA-256, in hexadecimal
# parts that do not affect an episode
UNRELATED = frozenset(
    ("app", "benchmarks", "causes", "falsification", "learning", "report", "viewer", "run_sim.py")
)


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What is known about an agent before it is built."""

    name: str
    privileged: bool  # whether any part of it reads the ground truth
    uses_camera: bool  # whether it reads the image or its labels; if not, nothing is rendered
    content: str  # its file with overrides applied, or its source; default values are part of the code
    weights: Mapping[str, str]  # file name → SHA-256, of the networks that it runs
    has_stage_trace: bool = False  # whether its trace has stages that can be compared with the truth
    replaceable_stages: tuple[str, ...] = ()  # names for the setting ``oracles.stages``, in their order
    has_history: bool = False  # whether it has the setting ``no_history_from``


def fingerprint(agent: AgentFacts, scenario_content: str, *, version: str = drive_stack.__version__) -> str:
    """Hash an agent, a scenario and the package's version; rows with equal hashes are comparable."""
    parts = {
        "agent": agent.content,
        "weights": dict(agent.weights),
        "scenario": scenario_content,
        "version": version,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:DIGITS]


def source_hash(packages: Sequence[Path]) -> str:
    """Return the hash of the Python sources in ``packages``.

    It does not matter whether a package lies inside another one, as in a wheel, or next to it.

    Each row contains it, to identify the code that drove the episode. It is not part of the row's key:
    otherwise every edit, even of a docstring, would invalidate hours of driving.
    """
    digest = hashlib.sha256()
    for package in packages:
        inner = [other for other in packages if other != package and other.is_relative_to(package)]
        for path in sorted(package.rglob("*.py")):
            relative_path = path.relative_to(package)
            if any(map(path.is_relative_to, inner)) or UNRELATED.intersection(relative_path.parts):
                continue
            digest.update(f"{package.name}/{relative_path.as_posix()}\0".encode())
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:DIGITS]

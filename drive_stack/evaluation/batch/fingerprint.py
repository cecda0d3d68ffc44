"""What decides an episode's result, as a hash: contents only, never where they lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import drive_stack

DIGITS = 16  # of SHA-256, in hexadecimal
# packages that have no part in an episode
ELSEWHERE = frozenset(
    ("app", "benchmarks", "control_study", "footage", "golden", "learning", "report", "viewer")
)


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What is known of an agent before it is built."""

    name: str
    privileged: bool  # some part of it reads the truth
    uses_camera: (
        bool  # reads the image or its labels; other agents drive the same with the camera switched off
    )
    content: str  # what its file says, overrides applied, or its source; defaults belong to the code
    weights: Mapping[str, str]  # file name → SHA-256 of the networks it runs
    has_stage_trace: bool = False  # records a trace of its stages that can be compared with the truth


def fingerprint(agent: AgentFacts, scenario_content: str, *, version: str = drive_stack.__version__) -> str:
    """Hash of an agent, a scenario and the package's version; rows of equal hash may stand together."""
    parts = {
        "agent": agent.content,
        "weights": dict(agent.weights),
        "scenario": scenario_content,
        "version": version,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:DIGITS]


def code_state(packages: Iterable[Path]) -> str:
    """Hash of the Python sources in ``packages``.

    It stands in each row to tell which code drove it. It is no part of the key: hours of driving would
    be thrown away with every edit, of a docstring even.
    """
    digest = hashlib.sha256()
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            within = path.relative_to(package)
            if ELSEWHERE.intersection(within.parts):
                continue
            digest.update(f"{package.name}/{within.as_posix()}\0".encode())
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:DIGITS]

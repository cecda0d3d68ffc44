"""Hashes of everything that decides the result of an episode: of contents, never of paths."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import drive_stack

DIGITS = 16  # of SHA-256, in hexadecimal
# packages that have no part in an episode
UNRELATED = frozenset(("app", "benchmarks", "learning", "report", "viewer"))


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What is known about an agent before it is built."""

    name: str
    privileged: bool  # some part of it reads the ground truth
    uses_camera: bool  # the image or its labels; other agents drive the same without rendering
    content: str  # its file with overrides applied, or its source; default values belong to the code
    weights: Mapping[str, str]  # file name → SHA-256 of the networks that it runs
    has_stage_trace: bool = False  # leaves a trace of stages that can be compared with the truth


def fingerprint(agent: AgentFacts, scenario_content: str, *, version: str = drive_stack.__version__) -> str:
    """Hash of an agent, a scenario and the package's version; rows with equal hashes can be compared."""
    parts = {
        "agent": agent.content,
        "weights": dict(agent.weights),
        "scenario": scenario_content,
        "version": version,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:DIGITS]


def source_hash(packages: Iterable[Path]) -> str:
    """Hash of the Python sources in ``packages``.

    Each row states it, to tell which code drove the episode. It is no part of the row's key, because then
    every edit, even of a docstring, would invalidate hours of driving.
    """
    digest = hashlib.sha256()
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            within = path.relative_to(package)
            if UNRELATED.intersection(within.parts):
                continue
            digest.update(f"{package.name}/{within.as_posix()}\0".encode())
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:DIGITS]

"""Names of scenarios: of the catalogue, a file's path, and either with some keys set in brackets.

``cut_in[ego.speed_share=1; actors.0.gap=10]`` is `cut_in` with two of its quantities fixed, as suites
write their grids. Whatever takes a scenario's name takes such a one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def with_keys(scenario: str, keys: Sequence[str]) -> str:
    """The name of ``scenario`` with ``key=value`` settings, in their order."""
    return f"{scenario}[{'; '.join(keys)}]" if keys else scenario


def without_keys(name: str) -> tuple[str, tuple[str, ...]]:
    """Undo `with_keys`: the scenario, and its settings."""
    base, bracket, rest = name.partition("[")
    if not bracket or not name.endswith("]"):
        return name, ()
    return base, tuple(one.strip() for one in rest[:-1].split(";") if one.strip())


def split_names(text: str) -> list[str]:
    """Names between commas; those within a name's brackets are its own."""
    return [name.strip() for name in re.split(r",(?![^\[]*\])", text)]


def file_stem(name: str) -> str:
    """The name as a part of a file's name, such as ``cut_in-ego.speed_share-1-actors.0.gap-10``."""
    base, keys = without_keys(name)
    return re.sub(r"[^\w.]+", "-", " ".join([Path(base).stem, *keys])).strip("-")

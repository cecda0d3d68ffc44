"""The names of the agents on a command line, and which ``--set`` belongs to which agent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from drive_stack.errors import ConfigError


def names_of(specs: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each agent: short for files and classes, with a number where a name occurs twice."""
    plain = [_plain_name(spec) for spec in specs]
    counts, numbers = Counter(plain), Counter[str]()
    names = []
    for name in plain:
        numbers[name] += 1
        names.append(name if counts[name] == 1 else f"{name} {numbers[name]}")
    return tuple(names)


def overrides_of(index: int, specs: Sequence[str], overrides: Sequence[str]) -> tuple[str, ...]:
    """Return the overrides of the agent ``index`` of ``specs``, without their prefixes.

    A single agent gets all of them. Of several agents, each gets those that begin with its ``--agent`` text
    or its name: ``modular:key=value`` is for every modular agent, ``modular 2:key=value`` for the second one.

    Raises:
        ConfigError: For an override that belongs to none of the agents.
    """
    if len(specs) == 1:
        return tuple(overrides)
    prefixes_of = [(f"{spec}:", f"{name}:") for spec, name in zip(specs, names_of(specs), strict=True)]
    for override in overrides:
        if not any(override.startswith(prefixes) for prefixes in prefixes_of):
            raise ConfigError(f"--set {override}: name the agent it is for, such as {specs[0]}:{override}")
    return tuple(
        override.removeprefix(next(prefix for prefix in prefixes_of[index] if override.startswith(prefix)))
        for override in overrides
        if override.startswith(prefixes_of[index])
    )


def _plain_name(spec: str) -> str:
    return spec.rpartition(":")[2] if ":" in spec else Path(spec).stem

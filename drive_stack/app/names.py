"""What drivers given on the command line are called, and which settings are whose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from drive_stack.errors import ConfigError


def names_of(specs: Sequence[str]) -> tuple[str, ...]:
    """A name for each driver, short for files and classes; those that are there twice get numbers."""
    plain = [_plain_name(spec) for spec in specs]
    times, seen = Counter(plain), Counter[str]()
    names = []
    for name in plain:
        seen[name] += 1
        names.append(name if times[name] == 1 else f"{name} {seen[name]}")
    return tuple(names)


def overrides_of(index: int, specs: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """Those ``--set`` that are for driver ``index``: all where it is alone.

    Of several, those that begin with what ``--agent`` says of it, or with its name:
    ``modular:key=value`` is for every modular driver, ``modular 2:key=value`` for the second.
    Raises `ConfigError` for one that is nobody's.
    """
    if len(specs) == 1:
        return tuple(given)
    known = [(f"{spec}:", f"{name}:") for spec, name in zip(specs, names_of(specs), strict=True)]
    for override in given:
        if not any(override.startswith(prefixes) for prefixes in known):
            raise ConfigError(f"--set {override}: say whose it is, such as {specs[0]}:{override}")
    return tuple(
        override.removeprefix(next(prefix for prefix in known[index] if override.startswith(prefix)))
        for override in given
        if override.startswith(known[index])
    )


def _plain_name(spec: str) -> str:
    return spec.rpartition(":")[2] if ":" in spec else Path(spec).stem

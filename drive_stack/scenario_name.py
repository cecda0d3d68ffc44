"""Names of scenarios: of the catalogue, a file's path, and either with some keys set in brackets.

``cut_in[ego.speed_share=1; actors.0.gap=10]`` is `cut_in` with two of its quantities fixed, as suites
write their grids. Whatever takes a scenario's name takes such a one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

_STEM_LENGTH = 50  # characters, of up to 4 bytes each; a file's name may have 255 bytes
_DIGITS = 12  # of SHA-256: two of a million names are alike by one chance in 500


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


def unique_stem(name: str) -> str:
    """The name as a part of a file's name that no other name has.

    It is the name itself where that can be, as for all of the catalogue; else `file_stem` and a digest of the
    name, such as ``cut_in-ego.offset-0.9-1c0e4f6a2b7d``.
    """
    stem = file_stem(name).lstrip(".")  # nothing hidden
    if stem == name and len(stem) <= _STEM_LENGTH:
        return stem
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
    return f"{stem[:_STEM_LENGTH]}-{digest[:_DIGITS]}"


def file_stem(name: str) -> str:
    """The name as people read it in a file's name, such as ``cut_in-ego.speed_share-1-actors.0.gap-10``.

    Several names can have the same one: signs and folders are dropped. Random numbers are drawn by it.
    """
    base, keys = without_keys(name)
    return re.sub(r"[^\w.]+", "-", " ".join([Path(base).stem, *keys])).strip("-")

"""Names of scenarios: a name in the catalogue or a file's path, either with settings in brackets.

``cut_in[ego.speed_share=1; actors.0.gap=10]`` is the scenario `cut_in` with two of its keys set, as suites
write the courses of a grid. Every function and option that takes a scenario's name accepts this form, and
`ScenarioName` is the only reader of it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

_STEM_LENGTH = 50  # characters, of up to 4 bytes each; the name of a file may have 255 bytes
_DIGITS = 12  # of SHA-256: among a million names, two are alike with a probability of one in 500


@dataclass(frozen=True, slots=True)
class ScenarioName:
    """A scenario's name in its parts; `str` puts them together again."""

    base: str  # name in the catalogue, or path of a file
    settings: tuple[str, ...] = ()  # ``key=value``, in their order

    @classmethod
    def parse(cls, text: str) -> ScenarioName:
        """Read a name; text without brackets at its end is a name without settings."""
        base, bracket, rest = text.partition("[")
        if not bracket or not text.endswith("]"):
            return cls(text)
        settings = (setting.strip() for setting in rest[:-1].split(";"))
        return cls(base, tuple(setting for setting in settings if setting))

    def __str__(self) -> str:
        return f"{self.base}[{'; '.join(self.settings)}]" if self.settings else self.base


def split_names(text: str) -> list[str]:
    """Split a list of names at its commas, but not at those within brackets."""
    return [name.strip() for name in re.split(r",(?![^\[]*\])", text)]


def unique_stem(name: str) -> str:
    """Return a part of a file's name that stands for this scenario's name and for no other.

    It is the name itself where that can be part of a file's name, as for the whole catalogue. Otherwise it is
    the `file_stem` with a digest of the name, such as ``cut_in-ego.offset-0.9-1c0e4f6a2b7d``.
    """
    stem = file_stem(name).lstrip(".")  # a leading dot would hide the file
    if stem == name and len(stem) <= _STEM_LENGTH:
        return stem
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
    return f"{stem[:_STEM_LENGTH]}-{digest[:_DIGITS]}"


def file_stem(name: str) -> str:
    """Return the name as a readable part of a file's name, such as ``cut_in-ego.speed_share-1``.

    Several names can have the same stem, because special characters and folders are dropped. The stem seeds
    random generators of recordings, so it must not change.
    """
    parsed = ScenarioName.parse(name)
    words = " ".join([Path(parsed.base).stem, *parsed.settings])
    return re.sub(r"[^\w.]+", "-", words).strip("-")

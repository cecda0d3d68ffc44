"""Weight files and their cards.

The card ``NAME.card.json`` next to ``NAME.onnx`` holds the SHA-256 of the file and the command that makes it.
Further keys of the card describe the training and the accuracy of the network; each model has its own subtype
of `Card` for them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic does not accept that of `typing` in Python 3.11

from drive_stack.config import first_problem
from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import write_atomically
from drive_stack.support.file_reading import read_json


class Card(TypedDict):
    """The keys that every card has."""

    file: str  # name of the weight file
    sha256: str  # of the weight file
    command: str  # makes weights and card


CardType = TypeVar("CardType", bound=Card)


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def card_path(weights: Path) -> Path:
    """Path of the card of a weight file."""
    return weights.with_suffix(".card.json")


def write_card(weights: Path, command: str, facts: Mapping[str, object]) -> Path:
    """Write the card of ``weights``: file name, hash, the command that makes both, and ``facts``."""
    card = {"file": weights.name, "sha256": sha256_of(weights), "command": command, **facts}
    path = card_path(weights)
    write_atomically(path, json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    return path


def amend_card(weights: Path, command: str, facts: Mapping[str, object]) -> None:
    """Add ``facts`` to the card of ``weights`` or replace older values.

    Raises:
        ConfigError: the card or the weights are missing or do not match.
    """
    content = _read_content(weights, command)
    other = {key: value for key, value in content.items() if key not in Card.__annotations__}
    write_card(weights, command, other | dict(facts))


def read_card(weights: Path, command: str, kind: type[CardType]) -> CardType:
    """Read the card of ``weights`` as ``kind`` and check that the hash of the file matches.

    Raises:
        ConfigError: the card or the weights are missing or do not match, or a value of the card is not what
            ``kind`` says. The message names the file, its hash and the command that makes it (``command``
            where the card has none).
    """
    content = {"file": weights.name, "command": command} | _read_content(weights, command)
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        problem = first_problem(error)
        raise ConfigError(f"{card_path(weights)}: {problem}; make it with: {content['command']}") from None


def _read_content(weights: Path, command: str) -> dict[str, object]:
    """The JSON of a card whose hash matches the weights; of its values only the hash is checked."""
    path = card_path(weights)
    if not path.is_file():
        raise ConfigError(f"{path}: no card for {weights.name}; make both with: {command}")
    try:
        card = read_json(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not valid JSON: {error}; make it with: {command}") from None
    if not isinstance(card, dict) or not isinstance(card.get("sha256"), str):
        raise ConfigError(f"{path}: holds no sha256; make it with: {command}")
    expected, maker = card["sha256"], str(card.get("command", command))
    if not weights.is_file():
        raise ConfigError(f"{weights}: no such file (SHA-256 {expected}); make it with: {maker}")
    actual = sha256_of(weights)
    if actual != expected:
        raise ConfigError(
            f"{weights}: SHA-256 is {actual} but its card says {expected}; "
            f"restore it or make it with: {maker}"
        )
    return card

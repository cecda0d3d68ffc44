"""The configuration of a training run, stored next to its checkpoints and curves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import yaml

from drive_stack.config import StrictModel, read_document
from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import make_folder, write_atomically

CONFIGURATION = "configuration.yaml"


def start_run(folder: Path, config: StrictModel, *, resume: bool, may_change: Collection[str] = ()) -> None:
    """Store the configuration of a run in ``folder``; with ``resume``, first compare it with the stored one.

    A resumed run may change the top-level keys in ``may_change`` and append rounds. Raises `ConfigError` for
    any other change, and if the file cannot be read or written.
    """
    make_folder(folder)
    path, current = folder / CONFIGURATION, config.model_dump(mode="json")
    if resume and path.exists():
        for key, before, now in _changes(_read(path), current):
            if key.split(".")[0] not in may_change:
                raise ConfigError(
                    f"{path}: {key} was {before} when the run began and is {now} now; "
                    "restore the old value, or start a new run in another --work"
                )
    write_atomically(path, yaml.safe_dump(current, sort_keys=False, allow_unicode=True))


def _read(path: Path) -> object:
    try:
        return read_document(path).value
    except ConfigError as error:
        raise ConfigError(f"{error}; restore or remove the file") from None


def _changes(before: object, now: object, key: str = "") -> Iterator[tuple[str, object, object]]:
    """Each key whose value differs, with both values; a round that only one side has is not a change."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in [*before, *(name for name in now if name not in before)]:
            inner = f"{key}.{name}" if key else str(name)
            yield from _changes(before.get(name), now.get(name), inner)
    elif key == "rounds" and isinstance(before, list) and isinstance(now, list):
        for number, (old_round, new_round) in enumerate(zip(before, now, strict=False)):
            yield from _changes(old_round, new_round, f"{key}.{number}")
    elif before != now:
        yield key, before, now

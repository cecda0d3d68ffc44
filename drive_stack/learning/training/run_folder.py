"""The configuration of a training run, kept beside its checkpoints and curves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import yaml

from drive_stack.config import StrictModel, read_document
from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import make_folder, write_whole

CONFIGURATION = "configuration.yaml"


def begin_run(folder: Path, config: StrictModel, *, goes_on: bool, free: Collection[str] = ()) -> None:
    """Write down what a run in ``folder`` is made by, or hold it to that where it ``goes_on``.

    A run may go on with other values of the keys ``free``, and with more rounds at the end. Raises
    `ConfigError` for any other change, and where the file cannot be read or written.
    """
    make_folder(folder)
    path, told = folder / CONFIGURATION, config.model_dump(mode="json")
    if goes_on and path.exists():
        for key, before, now in _changes(_read(path), told):
            if key.split(".")[0] not in free:
                raise ConfigError(
                    f"{path}: {key} was {before} when the run began and is {now} now; "
                    "go on with what it was, or train anew in another --work"
                )
    write_whole(path, yaml.safe_dump(told, sort_keys=False, allow_unicode=True))


def _read(path: Path) -> object:
    try:
        return read_document(path).value
    except ConfigError as error:
        raise ConfigError(f"{error}; restore or remove the file") from None


def _changes(before: object, now: object, key: str = "") -> Iterator[tuple[str, object, object]]:
    """Keys whose values differ, with both; rounds that only one has are no change."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in [*before, *(name for name in now if name not in before)]:
            inner = f"{key}.{name}" if key else str(name)
            yield from _changes(before.get(name), now.get(name), inner)
    elif key == "rounds" and isinstance(before, list) and isinstance(now, list):
        for number, (was, is_now) in enumerate(zip(before, now, strict=False)):
            yield from _changes(was, is_now, f"{key}.{number}")
    elif before != now:
        yield key, before, now

"""Description of a user's class, obtained in a separate process."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, ValidationError

from drive_stack.agent_errors import AgentError
from drive_stack.config import StrictModel
from drive_stack.errors import ConfigError
from drive_stack.runtime.weights import sha256_of

from .isolated.messages import Kind, MessageError, read_json
from .isolated.process import AgentProcess
from .options import START_LIMIT

Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Description(StrictModel):
    """The result of `outside_facts.describe_class`."""

    name: Text
    privileged: bool
    uses_camera: bool
    qualified_name: Text
    modules: dict[str, str]  # modules with its code: name → file
    files: dict[str, str]  # files that it lists as read: name → path

    def hashes(self) -> dict[str, str]:
        """Current SHA-256 of each module and file. Raises `ConfigError` for a missing one."""
        return {name: _hash(path) for name, path in sorted((self.modules | self.files).items())}


_known: dict[tuple[str, str, tuple[str, ...]], tuple[Description, Mapping[str, str]]] = {}


def describe(spec: str) -> tuple[Description, Mapping[str, str]]:
    """A class's description and the hashes of its files.

    The description is cached until one of the files changes, since it needs a new process.
    """
    key = spec, os.fspath(Path.cwd()), tuple(entry for entry in sys.path if isinstance(entry, str))
    if key in _known:
        description, hashes = _known[key]
        try:
            if description.hashes() == hashes:
                return description, hashes
        except ConfigError:  # a module was moved; the new description tells whether that matters
            pass
    description = _request_description(spec)
    _known[key] = description, description.hashes()
    return _known[key]


def _request_description(spec: str) -> Description:
    process = AgentProcess()
    try:
        reply = process.request(Kind.DESCRIBE, spec.encode(), limit=START_LIMIT)
        return Description.model_validate(read_json(reply.body))
    except (MessageError, ValidationError):
        raise AgentError(f"agent '{spec}': its process gives no description of the class") from None
    finally:
        process.end()


def _hash(path: str) -> str:
    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"{path}: no such file")
    return sha256_of(file)

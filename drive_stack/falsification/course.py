"""Writes a course of a search as a scenario file of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from drive_stack.config import apply_override
from drive_stack.falsification.space import Values, setting_text
from drive_stack.scenario_keys import ScenarioKey, Value
from drive_stack.support.atomic_files import write_atomically

_DIGITS = 10  # of SHA-256
_DERIVED = ("variant", "shift")  # of the scenario's name; a file cannot hold them


@dataclass(frozen=True, slots=True)
class Course:
    """A point of the search space and a seed."""

    values: Values
    seed: int

    @property
    def digest(self) -> str:
        """Names the values; courses with the same values and different seeds have it in common."""
        content = json.dumps(dict(self.values), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True)
class CourseFiles:
    """Writes the scenario files of courses into ``folder``.

    Each file has the name of the scenario's worlds as its own, so that all courses with the same seed share
    the road, the lane, the traffic's draws and the light of the scenario itself, except for what the values
    change. Otherwise each course would be a world of its own, and no search could learn from its neighbours.
    """

    folder: Path
    scenario: str  # name or path, for the comment
    content: str  # of the scenario, as JSON
    world: str  # name that seeds its worlds
    keys: Mapping[str, ScenarioKey]

    def path(self, course: Course) -> Path:
        """The file of a course."""
        return self.folder / f"{course.digest}.yaml"

    def write(self, course: Course) -> Path:
        """Write the file of a course, if it is not there yet; returns its path."""
        path = self.path(course)
        if not path.is_file():
            write_atomically(path, self.text(course))
        return path

    def text(self, course: Course) -> str:
        """The content of the file."""
        data = cast("dict[str, object]", _shortened(json.loads(self.content)))
        for key in _DERIVED:
            data.pop(key, None)
        data["name"] = self.world
        for name, value in course.values.items():
            apply_override(data, setting_text(self.keys[name], value))
        changes = [
            f"#   {key}: {value if isinstance(value, str) else format(value, 'g')}"
            for key, value in course.values.items()
        ]
        comment = [f"# A course of `run_sim.py search`: {self.scenario} with", *changes]
        body = yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=100, allow_unicode=True)
        return "\n".join(comment) + "\n" + body


def _shortened(value: object) -> object:
    """JSON of a scenario as people write it: ``choices`` of one number as the number."""
    if isinstance(value, dict):
        if list(value) == ["choices"] and len(value["choices"]) == 1:
            return cast(Value, value["choices"][0])
        return {key: _shortened(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_shortened(inner) for inner in value]
    return value

"""What can be set for a driver from outside: for a policy's file, and for a class of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from drive_stack.config import StrictModel, apply_override, unknown_name
from drive_stack.errors import ConfigError

IN_PROCESS = "in_process=true"
STEP_LIMIT = 30.0  # far more than any real network needs [s]

Seconds = Annotated[float, Field(gt=0.0, le=86_400.0, allow_inf_nan=False)]


class ForeignOptions(StrictModel):
    """Settings (``--set``) of a foreign driver; ``--in-process`` sets the first. No setting grants trust."""

    in_process: bool = (
        False  # drive in the simulator's process, for debugging; such a score cannot be trusted
    )
    step_limit: Seconds | Literal["none"] = STEP_LIMIT  # wall time of one step [s]

    @classmethod
    def of(cls, spec: str, overrides: Sequence[str]) -> ForeignOptions:
        """Parse overrides. Raises `ConfigError` for unknown settings and invalid values."""
        data: dict[str, object] = {}
        for override in overrides:
            key = override.partition("=")[0].strip()
            if key not in cls.model_fields:
                raise unknown_name(f"setting of {spec}:", key, cls.model_fields)
            apply_override(data, override)
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(f"--set {first['loc'][0]} of {spec}: {first['msg']}") from None

    @property
    def limits(self) -> Limits:
        """Limits of wall time."""
        step = None if self.step_limit == "none" else self.step_limit
        return Limits(step, None if step is None else max(step, START_LIMIT))


@dataclass(frozen=True, slots=True)
class Limits:
    """Wall time that an agent's process may take [s]; None: no limit."""

    step: float | None  # for a step or a reset
    start: float | None  # to start, import and build


START_LIMIT = 120.0

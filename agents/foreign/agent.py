"""Drives by a policy that came as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from agents.foreign.options import ForeignOptions
from agents.foreign.seen import Policy, Seen, seen_by
from drive_stack.agent_errors import describe
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Platform
from drive_stack.types import Control, NavigationCommand, Observation, StepTrace
from drive_stack.vehicle import action_to_control


def _onnx(path: Path, example: Seen) -> Policy:
    from agents.foreign.onnx_file import OnnxPolicy  # noqa: PLC0415 - each brings a library of its own

    return OnnxPolicy(path, example)


def _torchscript(path: Path, example: Seen) -> Policy:
    from agents.foreign.torchscript_file import TorchScriptPolicy  # noqa: PLC0415

    return TorchScriptPolicy(path, example)


def _sb3(path: Path, example: Seen) -> Policy:
    from agents.foreign.sb3_file import Sb3Policy  # noqa: PLC0415

    return Sb3Policy(path, example)


# by how the file's name ends: its reader, and whether reading may run code that the file brings
_READERS: dict[str, tuple[Callable[[Path, Seen], Policy], bool]] = {
    ".onnx": (_onnx, False),
    ".pt": (_torchscript, True),
    ".pts": (_torchscript, True),
    ".torchscript": (_torchscript, True),
    ".zip": (_sb3, True),
}


def is_foreign(spec: str) -> bool:
    """Whether an agent is named by a policy's file."""
    return Path(spec).suffix in _READERS


class ForeignAgent:
    """Any `Policy` at the wheel, in this process; the file's name is its own.

    Raises `ConfigError` where the file is missing, needs trust, cannot be read, takes anything but the
    observation's keys, or gives anything but two numbers.
    """

    privileged = False

    def __init__(
        self, path: Path, platform: Platform, overrides: Sequence[str] = (), *, trusted: bool = False
    ) -> None:
        ForeignOptions.of(str(path), overrides)
        read, risky = _READERS[path.suffix]
        if not path.is_file():
            raise ConfigError(f"{path}: no such file")
        if risky and not trusted:
            raise ConfigError(
                f"{path}: such files can run code as they are read; if you know who made it, add --trust"
            )
        example = _blank(platform)
        self._policy = read(path, example)
        self._car, self.name = platform.car, path.stem
        self.trace: StepTrace | None = None
        _check(path, self._policy, example)

    def reset(self, seed: int) -> None:  # noqa: ARG002 - such a policy remembers nothing
        """Forget the last step."""
        self.trace = None

    def act(self, observation: Observation) -> Control:
        """One step of the policy."""
        action = np.asarray(self._policy.action(seen_by(observation)), dtype=np.float32)
        if action.size != 2:
            raise ValueError(f"{self.name}: gives an action of shape {action.shape}, expected two numbers")
        control = action_to_control(action.reshape(2), self._car)
        self.trace = StepTrace(control, notes=("A policy from a file.",))
        return control


def _blank(platform: Platform) -> Seen:
    """The observation of a car that stands before a black picture."""
    camera = platform.camera
    image = np.zeros((camera.height, camera.width, 3), dtype=np.uint8)
    return seen_by(Observation(image, 0.0, 0.0, False, False, 30.0, NavigationCommand.FOLLOW))


def _check(path: Path, policy: Policy, example: Seen) -> None:
    """Let it act once, so that what does not fit shows before anything is driven."""
    try:
        action = np.asarray(policy.action(example))
    except Exception as error:  # anybody's code
        raise ConfigError(f"{path}: cannot act on an observation: {describe(error)}") from None
    if action.size != 2:
        raise ConfigError(
            f"{path}: gives an action of shape {action.shape}; expected two numbers, steering and pedals"
        )

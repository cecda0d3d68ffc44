"""Agent that drives with a policy from a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from drive_stack.agent_errors import describe
from drive_stack.errors import ConfigError
from drive_stack.interfaces import Platform
from drive_stack.support.extras import needs_extra
from drive_stack.types import Control, NavigationCommand, Observation, StepTrace
from drive_stack.vehicle import action_to_control

from .options import ForeignOptions
from .policy import ObservationArrays, Policy, observation_arrays


def _onnx(path: Path, example: ObservationArrays) -> Policy:
    with needs_extra("onnx", str(path)):
        from .onnx_file import OnnxPolicy  # noqa: PLC0415 - each needs its own library

    return OnnxPolicy(path, example)


def _torchscript(path: Path, example: ObservationArrays) -> Policy:
    with needs_extra("train", str(path)):
        from .torchscript_file import TorchScriptPolicy  # noqa: PLC0415

    return TorchScriptPolicy(path, example)


def _sb3(path: Path, example: ObservationArrays) -> Policy:
    from .sb3_file import Sb3Policy  # noqa: PLC0415

    with needs_extra("rl", str(path)):
        return Sb3Policy(path, example)


# file suffix → its reader, and whether reading may run code from the file
_READERS: dict[str, tuple[Callable[[Path, ObservationArrays], Policy], bool]] = {
    ".onnx": (_onnx, False),
    ".pt": (_torchscript, True),
    ".pts": (_torchscript, True),
    ".torchscript": (_torchscript, True),
    ".zip": (_sb3, True),
}


def is_foreign(spec: str) -> bool:
    """Whether ``spec`` names a policy file."""
    return Path(spec).suffix in _READERS


class ForeignAgent:
    """Drives with a `Policy` in this process; its name is the name of the file.

    Raises:
        ConfigError: The file is missing, needs trust or cannot be read, has inputs other than the
            observation's keys, or outputs anything but two numbers.
    """

    privileged = False

    def __init__(
        self, path: Path, platform: Platform, overrides: Sequence[str] = (), *, trusted: bool = False
    ) -> None:
        ForeignOptions.of(str(path), overrides)
        read, runs_code = _READERS[path.suffix]
        if not path.is_file():
            raise ConfigError(f"{path}: no such file")
        if runs_code and not trusted:
            raise ConfigError(
                f"{path}: such files can run code as they are read; if you know who made it, add --trust"
            )
        example = _blank(platform)
        self._policy = read(path, example)
        self._car, self.name = platform.car, path.stem
        self.trace: StepTrace | None = None
        _check(path, self._policy, example)

    def reset(self, seed: int) -> None:  # noqa: ARG002 - a policy file has no state
        """Clear the trace of the last step."""
        self.trace = None

    def act(self, observation: Observation) -> Control:
        """Run the policy once."""
        action = np.asarray(self._policy.action(observation_arrays(observation)), dtype=np.float32)
        if action.size != 2:
            raise ValueError(f"{self.name}: gives an action of shape {action.shape}, expected two numbers")
        control = action_to_control(action.reshape(2), self._car)
        self.trace = StepTrace(control, notes=("A policy from a file.",))
        return control


def _blank(platform: Platform) -> ObservationArrays:
    """An observation of a stationary car with a black image."""
    camera = platform.camera
    image = np.zeros((camera.height, camera.width, 3), dtype=np.uint8)
    return observation_arrays(Observation(image, 0.0, 0.0, False, False, 30.0, NavigationCommand.FOLLOW))


def _check(path: Path, policy: Policy, example: ObservationArrays) -> None:
    """Run the policy once, so that mismatches are reported before an episode starts."""
    try:
        action = np.asarray(policy.action(example))
    except Exception as error:  # a user's code may raise anything
        raise ConfigError(f"{path}: cannot act on an observation: {describe(error)}") from None
    if action.size != 2:
        raise ConfigError(
            f"{path}: gives an action of shape {action.shape}; expected two numbers, steering and pedals"
        )

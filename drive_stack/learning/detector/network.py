"""The detector's network: built by ultralytics, exported to one ONNX file.

ultralytics is kept offline: no telemetry, no self-installs, and its settings in a folder of ours.
Its own trainer and validator are not used; they import torchvision, which is broken beside a CPU
build of torch.
"""

from __future__ import annotations

import copy
import functools
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal, cast

import torch
from pydantic import Field
from torch import nn

from drive_stack.camera_model import CameraModel
from drive_stack.config import StrictModel, load_model
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.support.atomic_files import whole_file

# box, class and distance gains of ultralytics' default.yaml
GAINS = {"box": 7.5, "cls": 0.5, "dfl": 1.5}


Block = Literal[
    "Bottleneck", "C2f", "C2PSA", "C3", "C3k2", "Concat", "Conv", "Detect", "DWConv", "SPPF", "nn.Upsample"
]
Argument = bool | int | float | Literal["nearest", "bilinear", "nc", "None"] | None
Source = int | tuple[int, ...]  # a layer by its place, or from the end where negative
Repeats = Annotated[int, Field(ge=1, le=100)]
Layers = Annotated[tuple[tuple[Source, Repeats, Block, tuple[Argument, ...]], ...], Field(min_length=1)]


class NetworkDescription(StrictModel):
    """A network in ultralytics' notation, of blocks that are known."""

    nc: Annotated[int, Field(ge=1, le=1000)]  # classes
    end2end: bool = False
    reg_max: Annotated[int, Field(ge=1, le=64)] = 16
    backbone: Layers
    head: Layers


def keep_ultralytics_offline() -> None:
    """Set what ultralytics reads when it is first imported."""
    os.environ.update(
        YOLO_OFFLINE="true",
        YOLO_AUTOINSTALL="false",
        YOLO_VERBOSE="false",
        YOLO_CONFIG_DIR=_settings_folder().name,
    )


@functools.cache
def _settings_folder() -> tempfile.TemporaryDirectory[str]:
    """This process's own, removed at its end: a folder of a known name could be laid by somebody else."""
    return tempfile.TemporaryDirectory(prefix="drive-stack-ultralytics-", ignore_cleanup_errors=True)


def build_network(description: Path, width: float = 1.0) -> nn.Module:
    """An untrained ultralytics `DetectionModel` from its YAML description, its channels times ``width``.

    ultralytics evaluates parts of such a description as Python, so it is given none but checked ones. Raises
    `ConfigError` for a description that cannot be used.
    """
    plan = load_model(description, NetworkDescription).model_dump(mode="json", exclude_unset=True)
    keep_ultralytics_offline()
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415  (only after the settings above)
    from ultralytics.utils import SETTINGS  # noqa: PLC0415

    if SETTINGS["sync"]:
        SETTINGS.update(sync=False)
    plan["width_multiple"] = width
    try:
        network = DetectionModel(plan, ch=3, nc=plan["nc"], verbose=False)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(f"{description}: no network can be built of it: {shortened(str(error))}") from None
    network.args = SimpleNamespace(**GAINS)
    return cast("nn.Module", network.to(memory_format=torch.channels_last))


def build_loss(network: nn.Module) -> Any:
    """ultralytics' loss of that network: called with (predictions, batch)."""
    from ultralytics.utils.loss import v8DetectionLoss  # noqa: PLC0415  (after `build_network`)

    return v8DetectionLoss(network)


def strides(network: nn.Module) -> list[int]:
    """Pixels per cell of each output level."""
    detect = cast("Any", network).model[-1]
    return [int(stride) for stride in detect.stride]


def enlarged(planes: torch.Tensor, scale: float) -> torch.Tensor:
    """Pictures (B, 3, H, W) with ``scale`` times the pixels a side."""
    if scale == 1.0:
        return planes
    return nn.functional.interpolate(planes, scale_factor=scale, mode="bilinear", align_corners=False)


class _Deployed(nn.Module):
    """Takes the camera's picture as it is, gives boxes and class scores of every cell."""

    def __init__(self, network: nn.Module, input_scale: float) -> None:
        super().__init__()
        self.network = network
        self.input_scale = input_scale

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        planes = image.permute(0, 3, 1, 2).to(torch.float32) * (1.0 / 255.0)
        output = self.network(enlarged(planes, self.input_scale))[0].permute(0, 2, 1)
        return output[0, :, :4] * (1.0 / self.input_scale), output[0, :, 4:]


def deployable(network: nn.Module, input_scale: float = 1.0) -> nn.Module:
    """A copy for inference, normalisation folded into the convolutions, that sees its pictures enlarged.

    Input ``(1, H, W, 3)`` uint8 RGB; outputs boxes ``(A, 4)`` as x1, y1, x2, y2 [px] and scores
    ``(A, classes)`` in 0 … 1, for each of the A cells.
    """
    fused = copy.deepcopy(network).float().cpu().eval()
    cast("Any", fused).model[-1].xyxy = True
    cast("Any", fused).fuse(verbose=False)
    return _Deployed(fused, input_scale).eval()


def export(network: nn.Module, path: Path, camera: CameraModel, input_scale: float = 1.0) -> None:
    """Write ``network`` as ONNX for pictures of the camera's size, which it sees enlarged."""
    model = deployable(network, input_scale)
    example = torch.zeros((1, camera.height, camera.width, 3), dtype=torch.uint8)
    with torch.no_grad(), whole_file(path) as part:
        torch.onnx.export(
            model,
            (example,),
            str(part),
            input_names=["image"],
            output_names=["boxes", "scores"],
            opset_version=17,
            dynamo=False,
        )

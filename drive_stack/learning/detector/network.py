"""The detector's network: built by ultralytics, exported to one ONNX file.

ultralytics runs offline: no telemetry, no automatic installation, and its settings in a temporary folder.
Its own trainer and validator are not used, because they import torchvision, which does not work with a
CPU build of torch.
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
from drive_stack.support.atomic_files import atomic_file

# box, class and distance gains of ultralytics' default.yaml
GAINS = {"box": 7.5, "cls": 0.5, "dfl": 1.5}


Block = Literal[
    "Bottleneck", "C2f", "C2PSA", "C3", "C3k2", "Concat", "Conv", "Detect", "DWConv", "SPPF", "nn.Upsample"
]
Argument = bool | int | float | Literal["nearest", "bilinear", "nc", "None"] | None
Source = int | tuple[int, ...]  # index of a layer, counted from the end if negative
Repeats = Annotated[int, Field(ge=1, le=100)]
Layers = Annotated[tuple[tuple[Source, Repeats, Block, tuple[Argument, ...]], ...], Field(min_length=1)]


class NetworkDescription(StrictModel):
    """A network in ultralytics' notation, restricted to known blocks."""

    nc: Annotated[int, Field(ge=1, le=1000)]  # classes
    activation: Literal["nn.ReLU()", "nn.SiLU()"] = "nn.SiLU()"  # after every convolution of the blocks
    end2end: bool = False
    reg_max: Annotated[int, Field(ge=1, le=64)] = 16
    backbone: Layers
    head: Layers


def keep_ultralytics_offline() -> None:
    """Set the environment variables that ultralytics reads when it is first imported."""
    os.environ.update(
        YOLO_OFFLINE="true",
        YOLO_AUTOINSTALL="false",
        YOLO_VERBOSE="false",
        YOLO_CONFIG_DIR=_settings_folder().name,
    )


@functools.cache
def _settings_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder of this process, removed at exit; another user could prepare a folder with a known name."""
    return tempfile.TemporaryDirectory(prefix="drive-stack-ultralytics-", ignore_cleanup_errors=True)


def build_network(description: Path, width: float = 1.0) -> nn.Module:
    """Build an untrained ultralytics `DetectionModel` from YAML, with ``width`` times the channels.

    ultralytics evaluates parts of a description as Python, so it is validated first. Raises `ConfigError` if
    the description is invalid or no network can be built from it.
    """
    plan = load_model(description, NetworkDescription).model_dump(mode="json", exclude_unset=True)
    keep_ultralytics_offline()
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415  (after the settings above)
    from ultralytics.utils import SETTINGS  # noqa: PLC0415

    if SETTINGS["sync"]:
        SETTINGS.update(sync=False)
    plan["width_multiple"] = width
    try:
        network = DetectionModel(plan, ch=3, nc=plan["nc"], verbose=False)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"{description}: no network can be built from it: {shortened(str(error))}"
        ) from None
    network.args = SimpleNamespace(**GAINS)
    return cast("nn.Module", network.to(memory_format=torch.channels_last))


def build_loss(network: nn.Module) -> Any:
    """Build ultralytics' loss for the network; it is called with (predictions, batch)."""
    from ultralytics.utils.loss import v8DetectionLoss  # noqa: PLC0415  (after `build_network`)

    return v8DetectionLoss(network)


def strides(network: nn.Module) -> list[int]:
    """Cell size of each output level [px of the network's input]."""
    detect = cast("Any", network).model[-1]
    return [int(stride) for stride in detect.stride]


def enlarge(planes: torch.Tensor, scale: float) -> torch.Tensor:
    """Enlarge images (B, 3, H, W) by ``scale`` along both axes."""
    if scale == 1.0:
        return planes
    return nn.functional.interpolate(planes, scale_factor=scale, mode="bilinear", align_corners=False)


class _InferenceModel(nn.Module):
    """Maps a camera image to the boxes and class scores of all cells."""

    def __init__(self, network: nn.Module, input_scale: float) -> None:
        super().__init__()
        self.network = network
        self.input_scale = input_scale

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        planes = image.permute(0, 3, 1, 2).to(torch.float32) * (1.0 / 255.0)
        output = self.network(enlarge(planes, self.input_scale))[0].permute(0, 2, 1)
        return output[0, :, :4] * (1.0 / self.input_scale), output[0, :, 4:]


def build_inference_model(network: nn.Module, input_scale: float = 1.0) -> nn.Module:
    """Build a copy for inference that enlarges its input, with normalisation folded into the convolutions.

    Input ``(1, H, W, 3)`` uint8 RGB; outputs boxes ``(A, 4)`` as x1, y1, x2, y2 [px] and scores
    ``(A, classes)`` in 0 … 1, for each of the A cells.
    """
    fused = copy.deepcopy(network).float().cpu().eval()
    cast("Any", fused).model[-1].xyxy = True
    cast("Any", fused).fuse(verbose=False)
    return _InferenceModel(fused, input_scale).eval()


def export(network: nn.Module, path: Path, camera: CameraModel, input_scale: float = 1.0) -> None:
    """Write ``network`` as ONNX for images of the camera's size, which the model enlarges."""
    model = build_inference_model(network, input_scale)
    example = torch.zeros((1, camera.height, camera.width, 3), dtype=torch.uint8)
    with torch.no_grad(), atomic_file(path) as part:
        torch.onnx.export(
            model,
            (example,),
            str(part),
            input_names=["image"],
            output_names=["boxes", "scores"],
            opset_version=17,
            dynamo=False,
        )

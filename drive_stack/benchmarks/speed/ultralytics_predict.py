"""ultralytics' own `predict` with the shipped weights in torch, as the detector's baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from drive_stack.errors import ConfigError
from drive_stack.learning.detector.network import build_network, keep_ultralytics_offline
from drive_stack.types import Detection, Image, ObjectClass

_OUTERMOST = "network."  # prefix of the network's tensors in the exported file
_STEM = "model.0.conv.weight"
_STEM_CHANNELS = 16  # at the width of the description


class UltralyticsPredict:
    """ultralytics' predictor in its ordinary use on the CPU: an image in, results out.

    Raises `ConfigError` if the weights do not belong to the described network.
    """

    def __init__(self, weights: Path, description: Path, *, confidence: float, overlap: float) -> None:
        keep_ultralytics_offline()
        from ultralytics.models.yolo.detect import DetectionPredictor  # noqa: PLC0415 (after the settings)

        network = fused_network(weights, description)
        settings = {
            "imgsz": (256, 640), "conf": confidence, "iou": overlap, "agnostic_nms": True, "verbose": False,
            "device": "cpu", "save": False,
        }  # fmt: skip
        self._predictor: Any = DetectionPredictor(overrides=settings)
        self._predictor.setup_model(network, verbose=False)
        # its warm-up imports torchvision, which does not work with a CPU build of torch
        self._predictor.done_warmup = True

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """Detect objects in an RGB ``image``."""
        (result,) = self._predictor(np.ascontiguousarray(image[:, :, ::-1]))
        rows = result.boxes.data.numpy()
        return tuple(
            Detection((float(x1), float(y1), float(x2), float(y2)), ObjectClass(int(label)), float(score))
            for x1, y1, x2, y2, score, label in rows
        )


def fused_network(weights: Path, description: Path) -> torch.nn.Module:
    """Load an exported network into torch, with normalisation folded into its convolutions."""
    arrays = {
        tensor.name.removeprefix(_OUTERMOST): torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in onnx.load(str(weights)).graph.initializer
    }
    width = arrays[_STEM].shape[0] / _STEM_CHANNELS if _STEM in arrays else 1.0
    network: Any = build_network(description, width).eval()
    network.fuse(verbose=False)
    try:
        missing, _ = network.load_state_dict(arrays, strict=False)
    except RuntimeError as error:
        raise ConfigError(f"{weights}: not the network of {description}: {error}") from None
    if missing:
        raise ConfigError(f"{weights}: not the network of {description}: it lacks {missing[0]}")
    network.requires_grad_(requires_grad=False)
    module: torch.nn.Module = network
    return module

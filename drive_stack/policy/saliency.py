"""Where in the picture the policy's layers fire: VisualBackProp.

Bojarski et al., 2018, "VisualBackProp: efficient visualization of CNNs for autonomous driving": every layer's
activations are averaged over its channels; from the deepest on, each map is enlarged to the one before and
multiplied with it. What is left marks the pixels that reached the end through every layer.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from drive_stack.policy.views import View, pack
from drive_stack.types import FloatArray, Image

_BRIGHTEST = 99.5  # the percentile that counts as one: single pixels would dim all others


class Saliency:
    """Looks over a trunk's shoulder, in a session of its own: the policy drives the same with and without.

    ``trunk`` is the policy's file, ``views`` what it was made for.
    """

    def __init__(self, trunk: Path, views: tuple[View, ...]) -> None:
        model = onnx.load(str(trunk))
        self._views = views
        self._layers = _layers(model, len(views))
        del model.graph.output[:]
        for name in (name for eye in self._layers for name in eye):
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def of(self, image: Image) -> NDArray[np.float32]:
        """(H, W) of 0 … 1: how much each pixel of the picture counted, in whichever view most."""
        (given,) = self._session.get_inputs()
        packed = pack(image, self._views)[None]
        found = iter(self._session.run(None, {given.name: packed}))
        whole = np.zeros(image.shape[:2], dtype=np.float32)
        for view, names in zip(self._views, self._layers, strict=True):
            heat = backprop([next(found)[0] for _ in names], (view.height, view.width))
            rows = cv2.resize(heat, (image.shape[1], view.bottom - view.top), interpolation=cv2.INTER_LINEAR)
            part = whole[view.top : view.bottom]
            np.maximum(part, rows, out=part)
        return whole


def backprop(layers: list[NDArray[np.float32]], size: tuple[int, int]) -> NDArray[np.float32]:
    """(H, W) of 0 … 1 from activations (C, h, w), first layer first."""
    means = [layer.mean(axis=0) for layer in layers]
    heat = means[-1]
    for mean in reversed(means[:-1]):
        heat = _scaled(_enlarged(heat, mean.shape) * mean)
    return _scaled(_enlarged(heat, size))


def _enlarged(heat: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(heat, (size[1], size[0]), interpolation=cv2.INTER_LINEAR))


def _scaled(heat: FloatArray | NDArray[np.float32]) -> NDArray[np.float32]:
    """To 0 … 1."""
    low, high = float(heat.min()), float(np.percentile(heat, _BRIGHTEST))
    scale = 1.0 / (high - low) if high > low else 0.0
    return np.clip((heat - low) * scale, 0.0, 1.0).astype(np.float32)


def _layers(model: onnx.ModelProto, eyes: int) -> list[list[str]]:
    """Outputs of every eye's convolutional layers: those ReLUs that a convolution feeds, or its norm."""
    made_by = {output: node for node in model.graph.node for output in node.output}
    found: list[list[str]] = []
    before = None
    for node in model.graph.node:
        source = made_by.get(node.input[0]) if node.op_type == "Relu" else None
        while source is not None and source.op_type == "BatchNormalization":
            source = made_by.get(source.input[0])
        if source is None or source.op_type != "Conv":
            continue
        if before is None or source.input[0] != before:
            found.append([])  # it looks at a picture, not at another layer
        found[-1].append(node.output[0])
        before = node.output[0]
    if len(found) != eyes:
        raise ValueError(f"the trunk has {len(found)} chains of convolutions for {eyes} views")
    return found

"""Saliency of the policy's convolutional layers in the image: VisualBackProp.

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

_MAX_PERCENTILE = 99.5  # percentile that is scaled to 1, because of single bright pixels


class Saliency:
    """Computes saliency maps of a trunk in a separate session, so the controls of the policy do not change.

    Args:
        trunk: ONNX file of the policy.
        views: views that it was trained for.
    """

    def __init__(self, trunk: Path, views: tuple[View, ...]) -> None:
        model = onnx.load(str(trunk))
        self._views = views
        self._layers = _layers(model, len(views))
        del model.graph.output[:]
        for name in (name for branch in self._layers for name in branch):
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def compute(self, image: Image) -> NDArray[np.float32]:
        """Saliency map (H, W), 0 … 1, of an image: the maximum over the views."""
        (network_input,) = self._session.get_inputs()
        packed = pack(image, self._views)[None]
        outputs = iter(self._session.run(None, {network_input.name: packed}))
        whole = np.zeros(image.shape[:2], dtype=np.float32)
        for view, names in zip(self._views, self._layers, strict=True):
            heat = visual_backprop([next(outputs)[0] for _ in names], (view.height, view.width))
            rows = cv2.resize(heat, (image.shape[1], view.bottom - view.top), interpolation=cv2.INTER_LINEAR)
            part = whole[view.top : view.bottom]
            np.maximum(part, rows, out=part)
        return whole


def visual_backprop(layers: list[NDArray[np.float32]], size: tuple[int, int]) -> NDArray[np.float32]:
    """Saliency map (H, W), 0 … 1, from activations (C, h, w) of the layers, first layer first."""
    means = [layer.mean(axis=0) for layer in layers]
    heat = means[-1]
    for mean in reversed(means[:-1]):
        heat = _scaled(_enlarged(heat, mean.shape) * mean)
    return _scaled(_enlarged(heat, size))


def _enlarged(heat: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(heat, (size[1], size[0]), interpolation=cv2.INTER_LINEAR))


def _scaled(heat: FloatArray | NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale to 0 … 1."""
    low, high = float(heat.min()), float(np.percentile(heat, _MAX_PERCENTILE))
    scale = 1.0 / (high - low) if high > low else 0.0
    return np.clip((heat - low) * scale, 0.0, 1.0).astype(np.float32)


def _layers(model: onnx.ModelProto, branches: int) -> list[list[str]]:
    """Output names of the ReLUs after the convolutions (or their normalisation) of each branch."""
    made_by = {output: node for node in model.graph.node for output in node.output}
    chains: list[list[str]] = []
    before = None
    for node in model.graph.node:
        source = made_by.get(node.input[0]) if node.op_type == "Relu" else None
        while source is not None and source.op_type == "BatchNormalization":
            source = made_by.get(source.input[0])
        if source is None or source.op_type != "Conv":
            continue
        if before is None or source.input[0] != before:
            chains.append([])  # its input is an image, not another layer
        chains[-1].append(node.output[0])
        before = node.output[0]
    if len(chains) != branches:
        raise ValueError(f"the trunk has {len(chains)} chains of convolutions for {branches} views")
    return chains

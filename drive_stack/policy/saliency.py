"""Saliency of the policy's convolutional layers in the image: VisualBackProp.

Bojarski et al., 2018, "VisualBackProp: efficient visualization of CNNs for autonomous driving": every layer's
activations are averaged over its channels; from the deepest on, each map is enlarged to the one before and
multiplied with it. What is left marks the pixels that reached the end through every layer.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.policy.views import View, pack
from drive_stack.runtime.activations import Activations
from drive_stack.types import FloatArray, Image

_MAX_PERCENTILE = 99.5  # percentile that is scaled to 1, because of single bright pixels


class Saliency:
    """Computes saliency maps of a trunk in a separate session, so the controls of the policy do not change.

    Args:
        trunk: ONNX file of the policy.
        views: views that it was trained for.
    """

    def __init__(self, trunk: Path, views: tuple[View, ...]) -> None:
        self._views = views
        self._activations = Activations(trunk, len(views))

    def compute(self, image: Image) -> NDArray[np.float32]:
        """Saliency map (H, W), 0 … 1, of an image: the maximum over the views."""
        whole = np.zeros(image.shape[:2], dtype=np.float32)
        layers_of_views = self._activations.compute(pack(image, self._views)[None])
        for view, layers in zip(self._views, layers_of_views, strict=True):
            heat = visual_backprop(layers, (view.height, view.width))
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

"""The detector in whole numbers: convolutions of 8 bits, their ranges learnt from training frames.

All but the first and the last layers, after training, per channel, by the least and greatest values that
frames give rise to (Jacob et al., 2018, "Quantization and training of neural networks for efficient
integer-arithmetic-only inference"). Weights take seven bits of the eight: processors without VNNI add two
products in sixteen bits, which eight would overflow, and the detector would see other things on an older
laptop.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from drive_stack.datasets.frames.store import StoredFrame
from drive_stack.support.atomic_files import copy_whole


def quantised(weights: Path, frames: Sequence[StoredFrame], out: Path, *, count: int, seed: int) -> None:
    """Write ``weights`` with 8-bit convolutions to ``out``; ``count`` of the ``frames`` give the ranges."""
    from onnxruntime import quantization  # noqa: PLC0415  (loads onnx and its checker)
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    chosen = np.random.default_rng(seed).choice(len(frames), min(count, len(frames)), replace=False)
    with tempfile.TemporaryDirectory() as folder:
        prepared, part = Path(folder) / "prepared.onnx", Path(folder) / out.name
        quant_pre_process(weights, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            part,
            _Pictures(frames[index] for index in chosen),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=_exact_layers(prepared),
            calibrate_method=quantization.CalibrationMethod.MinMax,
            # ranges after the activation alone: it then is a part of the convolution, rounded once
            extra_options={"OpTypesToExcludeOutputQuantization": ["Conv"]},
        )
        copy_whole(part, out)


def _exact_layers(network: Path) -> list[str]:
    """Names of the convolution that sees the picture, whose coarseness all others would inherit, and of those
    that no activation follows, which give boxes and scores."""
    nodes = onnx.load(str(network)).graph.node
    activated = {name for node in nodes if node.op_type == "Sigmoid" for name in node.input}
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    return [
        node.name for place, node in enumerate(convolutions) if place == 0 or node.output[0] not in activated
    ]


class _Pictures:
    """Feeds frames to onnxruntime's calibration, which asks until it is given None."""

    def __init__(self, frames: Iterator[StoredFrame]) -> None:
        self._frames = frames

    def get_next(self) -> dict[str, Any] | None:
        """The next picture."""
        frame = next(self._frames, None)
        return None if frame is None else {"image": frame.image()[None]}

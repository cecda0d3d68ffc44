"""Static quantisation of a network: 8-bit convolutions, calibrated on images of its training.

All convolutions but the first and the last are quantised after training, per channel, with the minimum and
maximum values that occur on the calibration images (Jacob et al., 2018, "Quantization and training of neural
networks for efficient integer-arithmetic-only inference"). Weights use seven of the eight bits: processors
without VNNI add two products in sixteen bits, which 8-bit weights would overflow, and the outputs would
differ on an older laptop.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx

from drive_stack.support.atomic_files import copy_atomically
from drive_stack.types import Image


def quantise(weights: Path, images: Iterable[Image], out: Path) -> None:
    """Write ``weights`` with 8-bit convolutions to ``out``, calibrated on ``images`` (H, W, 3) uint8."""
    from onnxruntime import quantization  # noqa: PLC0415  (loads onnx and its checker)
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        prepared, part = Path(folder) / "prepared.onnx", Path(folder) / out.name
        quant_pre_process(weights, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            part,
            _CalibrationReader(images, onnx.load(str(prepared)).graph.input[0].name),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=_exact_layers(prepared),
            calibrate_method=quantization.CalibrationMethod.MinMax,
            # range after the activation only: the runtime then fuses both and rounds once
            extra_options={"OpTypesToExcludeOutputQuantization": ["Conv"]},
        )
        copy_atomically(part, out)


def _exact_layers(network: Path) -> list[str]:
    """Names of the convolutions that stay in single precision.

    These are the first one, whose rounding errors all others would inherit, and those that no activation
    follows, which output boxes and scores.
    """
    nodes = onnx.load(str(network)).graph.node
    activated = {name for node in nodes if node.op_type in {"Relu", "Sigmoid"} for name in node.input}
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    return [
        node.name for index, node in enumerate(convolutions) if index == 0 or node.output[0] not in activated
    ]


class _CalibrationReader:
    """Feeds images to onnxruntime's calibration, which reads until it gets None."""

    def __init__(self, images: Iterable[Image], name: str) -> None:
        """``name`` is that of the network's input."""
        self._images, self._name = iter(images), name

    def get_next(self) -> dict[str, Image] | None:
        """Return the next image as the network's input, or None at the end."""
        image = next(self._images, None)
        return None if image is None else {self._name: image[None]}


def calibration_rows(available: int, count: int, seed: int) -> list[int]:
    """Draw ``count`` indices of ``available`` images without repetition; all of them if there are fewer."""
    drawn = np.random.default_rng(seed).choice(available, min(count, available), replace=False)
    return [int(index) for index in drawn]

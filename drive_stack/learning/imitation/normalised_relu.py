"""Batch normalisation and ReLU in one, for training on a CPU.

In bfloat16, PyTorch's separate operations take as long as all convolutions. These kernels do the same in half
the time, because they read and write the activations less often.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from drive_stack.learning.imitation.compiled_floats import STORED, Stored, as_array, load, store
from drive_stack.support.kernels import kernel

_BLOCK = 2048  # pixels whose sums are added in float32; blocks are added in float64
_MIN_NUMBERS = 262_144  # for a further thread
_MATHS = {"contract", "nsz", "reassoc"}


def normalised_relu(
    activations: torch.Tensor, norm: nn.BatchNorm2d, residual: torch.Tensor | None = None
) -> torch.Tensor:
    """Compute ``relu(norm(activations) + residual)`` of (B, C, H, W); in training, update the statistics."""
    is_supported = activations.device.type == "cpu" and activations.dtype in STORED
    if not (norm.training and is_supported):
        normalised = norm(activations)
        return torch.relu(normalised if residual is None else normalised + residual)
    if residual is not None:
        residual = residual.to(activations.dtype)
    outputs, mean, variance = _NormalisedReLU.apply(  # type: ignore[no-untyped-call]
        activations, norm.weight, norm.bias, norm.eps, residual
    )
    with torch.no_grad():
        count = activations.numel() // activations.shape[1]
        assert norm.running_mean is not None and norm.running_var is not None
        assert norm.num_batches_tracked is not None and norm.momentum is not None
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(variance * (count / max(count - 1, 1)), norm.momentum)
        norm.num_batches_tracked.add_(1)
    return torch.as_tensor(outputs)


class _NormalisedReLU(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        activations: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        eps: float,
        residual: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        inputs = _pixels(activations)
        shift = inputs[0].float().numpy()
        sums = _in_blocks(_sums, as_array(inputs), shift) / len(inputs)
        mean, variance = shift + sums[0], np.maximum(sums[1] - sums[0] ** 2, 0.0)
        inverse = 1.0 / np.sqrt(variance + eps)
        factor = weight.detach().double().numpy() * inverse
        summand = bias.detach().double().numpy() - mean * factor
        line = np.stack([factor, summand]).astype(np.float32)
        outputs = torch.empty_like(inputs)
        if residual is None:
            _in_threads(_apply, len(inputs), as_array(inputs), line, as_array(outputs))
            ctx.save_for_backward(activations, None)
        else:
            added = as_array(_pixels(residual))
            _in_threads(_apply_with_residual, len(inputs), as_array(inputs), line, added, as_array(outputs))
            ctx.save_for_backward(activations, outputs)
        ctx.line, ctx.mean, ctx.inverse = line, mean, inverse
        statistics = _tensor(mean), _tensor(variance)
        ctx.mark_non_differentiable(*statistics)
        return _image(outputs, activations.shape), *statistics

    @staticmethod
    def backward(
        ctx: Any, *gradients: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, None, torch.Tensor | None]:
        activations, outputs = ctx.saved_tensors
        inputs, gradient = _pixels(activations), _pixels(gradients[0])
        line, of_residual = ctx.line, None
        if outputs is not None:
            gradient = torch.where(outputs > 0, gradient, 0)
            of_residual = _image(gradient, activations.shape)
            line = np.stack([line[0], np.full_like(line[1], np.inf)])  # the gradient is already rectified
        mean = ctx.mean.astype(np.float32)
        sums = _in_blocks(_gradient_sums, as_array(inputs), mean, line, as_array(gradient))
        of_bias, of_weight = sums[0], sums[1] * ctx.inverse
        factor = line[0].astype(np.float64)
        by_input = -factor * ctx.inverse * of_weight / len(inputs)
        constant = -factor * of_bias / len(inputs) - by_input * ctx.mean
        slope = np.stack([by_input, constant]).astype(np.float32)
        result = torch.empty_like(inputs)
        arrays = (as_array(inputs), line, slope, as_array(gradient), as_array(result))
        _in_threads(_apply_gradient, len(inputs), *arrays)
        of_input = _image(result, activations.shape)
        return of_input, _tensor(of_weight), _tensor(of_bias), None, of_residual


def _pixels(images: torch.Tensor) -> torch.Tensor:
    """View (B, C, H, W) as (B · H · W, C); copies unless channels are last in memory."""
    return images.detach().permute(0, 2, 3, 1).reshape(-1, images.shape[1]).contiguous()


def _image(pixels: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """View (B · H · W, C) as (B, C, H, W)."""
    return pixels.view(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2)


def _tensor(values: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))


def _in_blocks(kernel: Callable[..., None], inputs: Stored, *arguments: object) -> NDArray[np.float64]:
    """Two sums for each channel, (2, C); the same for any number of threads."""
    partial = np.zeros((-(-len(inputs) // _BLOCK), 2, inputs.shape[1]), dtype=np.float32)
    _in_threads(kernel, len(partial), inputs, *arguments, partial)
    return np.asarray(partial.sum(axis=0, dtype=np.float64))


def _in_threads(kernel: Callable[..., None], count: int, inputs: Stored, *arguments: object) -> None:
    """Call ``kernel(first, last, inputs, *arguments)`` for parts of ``count``, one for each thread."""
    threads = max(min(torch.get_num_threads(), inputs.size // _MIN_NUMBERS, count), 1)
    bounds = [count * part // threads for part in range(threads + 1)]
    others = [
        _pool(threads).submit(kernel, first, last, inputs, *arguments) for first, last in pairwise(bounds[1:])
    ]
    kernel(0, bounds[1], inputs, *arguments)
    for other in others:
        other.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that stay alive between calls: starting them would take longer than most calls."""
    return ThreadPoolExecutor(threads - 1, "normalised_relu")


@kernel(cached=False, inline="always")
def _through_relu(slope, normalised):  # type: ignore[no-untyped-def]
    return slope if normalised > np.float32(0.0) else np.float32(0.0)


@kernel(nogil=True, fastmath=_MATHS)
def _sums(first, last, inputs, shift, partial):  # type: ignore[no-untyped-def]
    """Sums of input − ``shift`` and of its square, for each block and channel."""
    channels = inputs.shape[1]
    for block in range(first, last):
        total, square = np.zeros(channels, np.float32), np.zeros(channels, np.float32)
        for pixel in range(block * _BLOCK, min((block + 1) * _BLOCK, len(inputs))):
            for c in range(channels):
                value = load(inputs[pixel, c]) - shift[c]
                total[c] += value
                square[c] += value * value
        partial[block, 0], partial[block, 1] = total, square


@kernel(nogil=True, fastmath=_MATHS)
def _apply(first, last, inputs, line, outputs):  # type: ignore[no-untyped-def]
    """The outputs: the positive part of factor · input + summand, which ``line`` (2, C) holds."""
    factor, summand = line[0], line[1]
    for pixel in range(first, last):
        for c in range(inputs.shape[1]):
            value = load(inputs[pixel, c]) * factor[c] + summand[c]
            outputs[pixel, c] = store(max(value, np.float32(0.0)), outputs[pixel, c])


@kernel(nogil=True, fastmath=_MATHS)
def _apply_with_residual(first, last, inputs, line, residual, outputs):  # type: ignore[no-untyped-def]
    """As `_apply`, with ``residual`` added before the positive part is taken."""
    factor, summand = line[0], line[1]
    for pixel in range(first, last):
        for c in range(inputs.shape[1]):
            value = load(inputs[pixel, c]) * factor[c] + summand[c] + load(residual[pixel, c])
            outputs[pixel, c] = store(max(value, np.float32(0.0)), outputs[pixel, c])


@kernel(nogil=True, fastmath=_MATHS)
def _gradient_sums(first, last, inputs, mean, line, gradient, partial):  # type: ignore[no-untyped-def]
    """Sums of the gradient where the output is positive, and of that · (input − ``mean``)."""
    channels = inputs.shape[1]
    factor, summand = line[0], line[1]
    for block in range(first, last):
        total, product = np.zeros(channels, np.float32), np.zeros(channels, np.float32)
        for pixel in range(block * _BLOCK, min((block + 1) * _BLOCK, len(inputs))):
            for c in range(channels):
                value, slope = load(inputs[pixel, c]), load(gradient[pixel, c])
                slope = _through_relu(slope, value * factor[c] + summand[c])
                total[c] += slope
                product[c] += slope * (value - mean[c])
        partial[block, 0], partial[block, 1] = total, product


@kernel(nogil=True, fastmath=_MATHS)
def _apply_gradient(first, last, inputs, line, slope, gradient, result):  # type: ignore[no-untyped-def]
    """The gradient of the inputs: factor · gradient + ``slope[0]`` · input + ``slope[1]``."""
    factor, summand, by_input, constant = line[0], line[1], slope[0], slope[1]
    for pixel in range(first, last):
        for c in range(inputs.shape[1]):
            value, change = load(inputs[pixel, c]), load(gradient[pixel, c])
            change = _through_relu(change, value * factor[c] + summand[c])
            number = factor[c] * change + (by_input[c] * value + constant[c])
            result[pixel, c] = store(number, result[pixel, c])

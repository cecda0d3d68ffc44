"""Batch normalisation with ReLU in compiled kernels: the same as PyTorch's own operations."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from drive_stack.learning.imitation.normalised_relu import normalised_relu


def norm_layer(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.normal_()
    return norm


def activations(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Of mean 3 and standard deviation 2, with channels last in memory."""
    values = 3.0 + 2.0 * torch.randn(shape)
    return values.to(dtype).contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shape", [(5, 16, 9, 11), (2, 7, 3, 5), (40, 32, 12, 50)])
def test_outputs_gradients_and_statistics_are_those_of_torch(shape: tuple[int, ...], threads: int) -> None:
    torch.manual_seed(0)
    own, reference = (norm := norm_layer(shape[1])), copy.deepcopy(norm)
    values, slope = activations(shape, torch.float32), torch.randn(shape)
    inputs = [values.clone().requires_grad_(), values.clone().requires_grad_()]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        output = normalised_relu(inputs[0], own)
        output.backward(slope)
    finally:
        torch.set_num_threads(before)
    normalised = reference(inputs[1])
    expected = torch.relu(normalised)
    expected.backward(slope)
    assert 0.2 < float((expected == 0.0).float().mean()) < 0.8
    close = {"rtol": 1e-4, "atol": 1e-5}
    torch.testing.assert_close(output, expected, **close)
    is_decided = normalised.abs() > 1e-4  # nearer to 0, rounding decides whether the gradient passes
    torch.testing.assert_close(inputs[0].grad * is_decided, inputs[1].grad * is_decided, **close)
    torch.testing.assert_close(own.weight.grad, reference.weight.grad, rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(own.bias.grad, reference.bias.grad, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_residual_is_added_before_the_relu_and_receives_its_gradient(dtype: torch.dtype) -> None:
    torch.manual_seed(5)
    own, reference = (norm := norm_layer(6)), copy.deepcopy(norm)
    values, added, slope = (activations((4, 6, 5, 7), dtype) for _ in range(3))
    added = (0.3 * added).to(dtype)
    narrow = [tensor.clone().requires_grad_() for tensor in (values, added)]
    wide = [tensor.float().requires_grad_() for tensor in (values, added)]
    output = normalised_relu(narrow[0], own, narrow[1])
    output.backward(slope)
    normalised = reference(wide[0]) + wide[1]
    torch.relu(normalised).backward(slope.float())
    assert 0.1 < float((output == 0.0).float().mean()) < 0.9
    close = {"rtol": 1e-4, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 2**-7, "atol": 0.02}
    torch.testing.assert_close(output.float(), torch.relu(normalised), **close)
    is_decided = normalised.abs() > 1e-3
    for ours, theirs in zip(narrow, wide, strict=True):
        torch.testing.assert_close(ours.grad.float() * is_decided, theirs.grad * is_decided, **close)
    torch.testing.assert_close(own.bias.grad, reference.bias.grad, rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(own.weight.grad, reference.weight.grad, rtol=1e-2, atol=5e-2)
    own.eval(), reference.eval()
    reference.load_state_dict(own.state_dict())
    with torch.no_grad():
        expected = torch.relu(reference(values.float()) + added.float())
        torch.testing.assert_close(normalised_relu(values.float(), own, added.float()), expected)


def test_running_statistics_are_those_of_torch() -> None:
    torch.manual_seed(1)
    own, reference = (norm := norm_layer(8)), copy.deepcopy(norm)
    for _ in range(3):
        values = activations((3, 8, 4, 6), torch.float32)
        normalised_relu(values, own)
        reference(values)
    for name, value in reference.state_dict().items():
        torch.testing.assert_close(own.state_dict()[name], value, rtol=1e-5, atol=1e-6)
    assert int(own.num_batches_tracked) == 3


def test_a_small_variance_around_a_large_mean_is_measured() -> None:
    torch.manual_seed(2)
    values = 1000.0 + 0.1 * activations((4, 8, 16, 16), torch.float32)
    output = normalised_relu(values, nn.BatchNorm2d(8))
    assert float(output.detach().mean()) == pytest.approx(0.399, abs=0.02)  # of max(z, 0), z standard normal


def test_bfloat16_is_rounded_once() -> None:
    torch.manual_seed(3)
    own, reference = (norm := norm_layer(16)), copy.deepcopy(norm)
    values, slope = activations((6, 16, 8, 8), torch.bfloat16), torch.randn(6, 16, 8, 8)
    narrow, wide = values.clone().requires_grad_(), values.float().requires_grad_()
    output = normalised_relu(narrow, own)
    output.backward(slope.bfloat16())
    expected = torch.relu(reference(wide))
    expected.backward(slope.bfloat16().float())
    assert output.dtype == torch.bfloat16 and narrow.grad is not None and wide.grad is not None
    torch.testing.assert_close(output.float(), expected, rtol=2**-8, atol=1e-4)
    torch.testing.assert_close(narrow.grad.float(), wide.grad, rtol=2**-7, atol=2e-3)


def test_equal_inputs_give_equal_bits_for_any_number_of_threads() -> None:
    torch.manual_seed(4)
    values, slope = activations((40, 32, 12, 50), torch.bfloat16), torch.randn(40, 32, 12, 50).bfloat16()
    norm, results = norm_layer(32), []
    before = torch.get_num_threads()
    for threads in (1, 2, 4, 4):
        torch.set_num_threads(threads)
        inputs, layer = values.clone().requires_grad_(), copy.deepcopy(norm)
        output = normalised_relu(inputs, layer)
        output.backward(slope)
        results.append([output, inputs.grad, layer.weight.grad, layer.bias.grad, layer.running_var])
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(one, two) for one, two in zip(results[0], other, strict=True))


def test_in_evaluation_the_running_statistics_are_used_and_kept() -> None:
    norm = norm_layer(4).eval()
    assert norm.running_mean is not None
    norm.running_mean.fill_(2.0)
    values = activations((2, 4, 3, 3), torch.float32)
    expected = torch.relu(norm(values))
    assert torch.equal(normalised_relu(values, norm), expected)
    assert (norm.running_mean == 2.0).all()

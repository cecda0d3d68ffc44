"""The device a training runs on."""

from __future__ import annotations

import torch

from drive_stack.support.machine import processor_name


def training_device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware; emulated bfloat16 is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def describe_training_machine() -> str:
    """The processor, the device, and whether trainings compute in bfloat16 there; results vary with them."""
    device = training_device()
    device_name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    precision = "bfloat16" if has_bfloat16(device) else "no bfloat16"
    return f"{processor_name()}, trained on {device_name}, {precision}"

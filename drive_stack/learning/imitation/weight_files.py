"""The files of a network with a trunk and a head: ONNX and cards of both, and all weights as safetensors."""

from __future__ import annotations

from pathlib import Path

from drive_stack.learning.training.closed_loop import DriverCard
from drive_stack.policy.image_network import head_path
from drive_stack.runtime.weights import CardType, card_path
from drive_stack.support.atomic_files import copy_atomically, make_folder


def safetensors_path(trunk: Path) -> Path:
    """Path of the weights of both parts as safetensors."""
    return trunk.with_name(trunk.name.replace(".trunk.onnx", ".safetensors"))


def copy_weights(trunk: Path, out: Path) -> Path:
    """Copy all files of a network to the folder ``out``; returns the new path of the trunk."""
    make_folder(out)
    head = head_path(trunk)
    for path in (trunk, head, card_path(trunk), card_path(head), safetensors_path(trunk)):
        copy_atomically(path, out / path.name)
    return out / trunk.name


def install_weights(trunk: Path, out: Path, card: DriverCard[CardType]) -> Path:
    """Copy a network to ``out``, where an agent loads it, and write its card as Markdown.

    Returns the new path of the trunk.
    """
    installed = copy_weights(trunk, out)
    card.write_markdown(installed)
    return installed

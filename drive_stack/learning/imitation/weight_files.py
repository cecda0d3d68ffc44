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


def copy_weights(trunk: Path, target: Path) -> None:
    """Copy all files of a network; ``target`` is the new path of the trunk."""
    make_folder(target.parent)
    for path_of in (_same, head_path, safetensors_path):
        copy_atomically(path_of(trunk), path_of(target))
    for path_of in (_same, head_path):
        copy_atomically(card_path(path_of(trunk)), card_path(path_of(target)))


def install_weights(trunk: Path, out: Path, card: DriverCard[CardType]) -> Path:
    """Copy a network to ``out``, where an agent loads it, and write its card as Markdown.

    Returns the new path of the trunk.
    """
    target = out / trunk.name
    copy_weights(trunk, target)
    card.write_markdown(target)
    return target


def _same(trunk: Path) -> Path:
    return trunk

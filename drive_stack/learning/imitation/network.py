"""The end-to-end policy's network: a trunk over each picture, a head over what was lately seen.

The trunk's convolutions follow PilotNet (Bojarski et al., 2016, "End to end learning for self-driving
cars"), of which ``configs/training/policy_pilotnet.yaml`` is the original.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from drive_stack.learning.imitation.auxiliary_targets import NOW, THEN
from drive_stack.learning.imitation.columns import COLUMNS, KINDS
from drive_stack.learning.imitation.config import Eye, NetworkSettings
from drive_stack.learning.imitation.head import Head
from drive_stack.policy.runner import Layout, head_path
from drive_stack.policy.views import packed_size
from drive_stack.support.atomic_files import whole_file


class EyeNet(nn.Module):
    """Looks at one view: (B, 3, H, W) of −1 … 1 to (B, features)."""

    def __init__(self, eye: Eye, *, normalised: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for one in eye.layers:
            layers.append(
                nn.Conv2d(before, one.channels, one.kernel, one.stride, one.kernel // 2, bias=not normalised)
            )
            layers += [nn.BatchNorm2d(one.channels)] if normalised else []
            layers.append(nn.ReLU(inplace=True))
            before = one.channels
        self.layers = nn.Sequential(*layers)
        with torch.no_grad():
            shape = self.layers(torch.zeros(2, 3, eye.view.height, eye.view.width)).shape[1:]
        self.out = (
            _by_columns(shape, eye.columns)
            if eye.columns is not None
            else _mixed(shape, eye.size, normalised)
        )

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """The view's features."""
        features: torch.Tensor = self.out(self.layers(planes))
        return features


def _mixed(shape: torch.Size, features: int, normalised: bool) -> nn.Sequential:
    """One matrix over all of a map."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(shape.numel(), features),
        # features that a rectifier has shut do not come back: of 224 but nine were left
        nn.LayerNorm(features) if normalised else nn.ReLU(inplace=True),
    )


def _by_columns(shape: torch.Size, features: int) -> nn.Sequential:
    """Features of each column, (B, C, H, W) to (B, features · `COLUMNS`)."""
    channels, height, _ = shape
    return nn.Sequential(
        nn.Conv2d(channels, channels, (height, 3), padding=(0, 1), bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d((1, COLUMNS)),
        nn.Conv2d(channels, features, 1),
        nn.Flatten(),
    )


class Trunk(nn.Module):
    """Packed views (B, K) uint8 to (B, features); see `drive_stack.policy.views`."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self._views = tuple(eye.view for eye in settings.eyes)
        self.eyes = nn.ModuleList(EyeNet(eye, normalised=settings.normalised) for eye in settings.eyes)

    def planes(self, packed: torch.Tensor) -> list[torch.Tensor]:
        """Each view as (B, 3, H, W) of −1 … 1."""
        planes, begin = [], 0
        for view in self._views:
            part = packed[:, begin : begin + view.size].reshape(-1, view.height, view.width, 3)
            planes.append(part.float().mul_(2.0 / 255.0).sub_(1.0).permute(0, 3, 1, 2))  # channels last
            begin += view.size
        return planes

    def forward(self, packed: torch.Tensor) -> torch.Tensor:
        """Features of packed views."""
        planes = self.planes(packed)
        return torch.cat([eye(seen) for eye, seen in zip(self.eyes, planes, strict=True)], dim=1)


class PolicyNet(nn.Module):
    """Trunk and head."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.trunk = Trunk(settings)
        self.head = Head(settings)
        # these answer only while it learns
        self.now = nn.Sequential(
            nn.Linear(self.layout.features, 64), nn.LeakyReLU(0.1, inplace=True), nn.Linear(64, len(NOW))
        )
        self.then = nn.Linear(settings.hidden[0], len(THEN))
        self.columns = nn.ModuleList(nn.Conv1d(eye.columns, KINDS, 1) for eye in settings.eyes if eye.columns)

    @property
    def layout(self) -> Layout:
        """What it takes."""
        eyes = self.settings.eyes
        return Layout(
            views=tuple(eye.view for eye in eyes),
            history=self.settings.history,
            features=sum(eye.size for eye in eyes),
        )

    def head_parameters(self) -> Iterator[nn.Parameter]:
        """What learns where the trunk is left as it is."""
        for part in (self.head, self.now, self.then):
            yield from part.parameters()

    def look(self, planes: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Features (F, D) of unpacked views, and the answers of each eye that is asked of columns."""
        features = [eye(seen) for eye, seen in zip(self.trunk.eyes, planes, strict=True)]
        told = [
            found for found, eye in zip(features, self.settings.eyes, strict=True) if eye.columns is not None
        ]
        answers = [
            asked(found.unflatten(1, (-1, COLUMNS))) for asked, found in zip(self.columns, told, strict=True)
        ]
        return torch.cat(features, dim=1), answers

    def decide(self, features: torch.Tensor, rows: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """(B, `OUTPUTS`) from features (F, D) of many pictures, of which ``rows`` (B, history) are seen."""
        return torch.as_tensor(self.head(torch.cat([features[rows].flatten(1), state], dim=1)))

    def decide_and_tell(
        self, features: torch.Tensor, rows: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """As `decide`, and answers (B, H) to the hints."""
        seen = features[rows]
        hidden = self.head.begin(torch.cat([seen.flatten(1), state], dim=1))
        answers = torch.cat([self.now(seen[:, 0]), self.then(hidden)], dim=1)
        return self.head.end(hidden), answers


def export(network: PolicyNet, trunk: Path) -> None:
    """Write trunk and head as ONNX for one observation at a time, and all weights as safetensors."""
    network = network.eval()
    layout = network.layout
    examples = (
        (network.trunk, trunk, torch.zeros((1, packed_size(layout.views)), dtype=torch.uint8)),
        (network.head, head_path(trunk), torch.zeros((1, layout.head_size))),
    )
    with torch.no_grad():
        for module, path, example in examples:
            with whole_file(path) as part:
                torch.onnx.export(
                    module,
                    (example,),
                    str(part),
                    input_names=["given"],
                    output_names=["found"],
                    opset_version=17,
                    dynamo=False,
                )
    weights = {
        name: value.contiguous()
        for name, value in network.state_dict().items()
        if not name.startswith(("now.", "then.", "columns."))
    }
    with whole_file(trunk.with_name(trunk.name.replace(".trunk.onnx", ".safetensors"))) as part:
        save_file(weights, part)


def parameters(settings: NetworkSettings) -> int:
    """How many weights it has."""
    return sum(one.numel() for one in PolicyNet(settings).parameters())

"""The end-to-end policy's network: a trunk over each picture, a head over what was lately seen.

The trunk's convolutions follow PilotNet (Bojarski et al., 2016, "End to end learning for self-driving
cars"), of which ``configs/training/policy_pilotnet.yaml`` is the original.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from drive_stack.learning.policy_columns import COLUMNS, KINDS
from drive_stack.learning.policy_config import Eye, NetworkSettings
from drive_stack.learning.policy_hints import NOW, THEN
from drive_stack.policy.runner import Layout, head_path
from drive_stack.policy.views import packed_size

LAYERS_EACH = 3  # of the head: linear, rectifier, dropout
OUTPUTS = 2  # lateral and longitudinal acceleration [m/s²]


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
        self.asked_after = (eye.columns_after or 0) * len(layers) // len(eye.layers)
        with torch.no_grad():
            given = torch.zeros(2, 3, eye.view.height, eye.view.width)
            self.asked_shape = self.layers[: self.asked_after](given).shape[1:]
            shape = self.layers(given).shape[1:]
        # features that a rectifier has shut do not come back: of 224 but nine were left
        self.out = nn.Sequential(
            nn.Flatten(),
            nn.Linear(shape.numel(), eye.features),
            nn.LayerNorm(eye.features) if normalised else nn.ReLU(inplace=True),
        )

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """The view's features."""
        features: torch.Tensor = self.out(self.layers(planes))
        return features

    def look(self, planes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The features, and what the layers made of the view that are asked of columns."""
        between = self.layers[: self.asked_after](planes)
        features: torch.Tensor = self.out(self.layers[self.asked_after :](between))
        return features, between


class ColumnsHead(nn.Module):
    """Answers to `policy_columns`: (B, C, H, W) to (B, `KINDS`, `COLUMNS`)."""

    def __init__(self, shape: torch.Size) -> None:
        super().__init__()
        channels, height, _ = shape
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 64, (height, 3), padding=(0, 1)),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d((1, COLUMNS)),
            nn.Conv2d(64, KINDS, 1),
        )

    def forward(self, between: torch.Tensor) -> torch.Tensor:
        """The answers."""
        return torch.as_tensor(self.layers(between).squeeze(2))


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
        width = self.layout.head_size
        layers: list[nn.Module] = []
        for hidden in settings.head:
            layers += [
                nn.Linear(width, hidden),
                nn.LeakyReLU(0.1, inplace=True),
                nn.Dropout(settings.dropout),
            ]
            width = hidden
        self.head = nn.Sequential(*layers, nn.Linear(width, OUTPUTS))
        # these answer only while it learns
        self.now = nn.Sequential(
            nn.Linear(self.layout.features, 64), nn.LeakyReLU(0.1, inplace=True), nn.Linear(64, len(NOW))
        )
        self.then = nn.Linear(settings.head[0] if settings.head else self.layout.head_size, len(THEN))
        self.columns = nn.ModuleList(
            ColumnsHead(eye.asked_shape)
            for eye in self.trunk.eyes
            if isinstance(eye, EyeNet) and eye.asked_after
        )

    @property
    def layout(self) -> Layout:
        """What it takes."""
        eyes = self.settings.eyes
        return Layout(
            views=tuple(eye.view for eye in eyes),
            history=self.settings.history,
            features=sum(eye.features for eye in eyes),
        )

    def look(self, planes: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Features (F, D) of unpacked views, and the answers of each eye that is asked of columns."""
        features, asked = [], []
        for eye, seen in zip(self.trunk.eyes, planes, strict=True):
            found, between = eye.look(seen)  # type: ignore[operator]
            features.append(found)
            asked += [between] if eye.asked_after else []
        answers = [head(between) for head, between in zip(self.columns, asked, strict=True)]
        return torch.cat(features, dim=1), answers

    def decide(self, features: torch.Tensor, rows: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """(B, `OUTPUTS`) from features (F, D) of many pictures, of which ``rows`` (B, history) are seen."""
        return torch.as_tensor(self.head(torch.cat([features[rows].flatten(1), state], dim=1)))

    def decide_and_tell(
        self, features: torch.Tensor, rows: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """As `decide`, and answers (B, H) to the hints."""
        seen = features[rows]
        hidden = torch.cat([seen.flatten(1), state], dim=1)
        depth = LAYERS_EACH if self.settings.head else 0
        hidden = self.head[:depth](hidden)
        answers = torch.cat([self.now(seen[:, 0]), self.then(hidden)], dim=1)
        return torch.as_tensor(self.head[depth:](hidden)), answers


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
            part = path.with_suffix(".part")
            torch.onnx.export(
                module,
                (example,),
                str(part),
                input_names=["given"],
                output_names=["found"],
                opset_version=17,
                dynamo=False,
            )
            part.rename(path)
    weights = {
        name: value.contiguous()
        for name, value in network.state_dict().items()
        if not name.startswith(("now.", "then.", "columns."))
    }
    save_file(weights, trunk.with_name(trunk.name.replace(".trunk.onnx", ".safetensors")))


def parameters(settings: NetworkSettings) -> int:
    """How many weights it has."""
    return sum(one.numel() for one in PolicyNet(settings).parameters())

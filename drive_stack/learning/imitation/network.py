"""The end-to-end policy's network: a trunk that encodes each image, and a head over recent images.

The trunk's convolutions follow PilotNet (Bojarski et al., 2016, "End to end learning for self-driving
cars"), which ``configs/training/policy_pilotnet.yaml`` reproduces.

The attributes' names are tensor names in stored weights and ONNX files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from drive_stack.learning.imitation.auxiliary_targets import HISTORY_TARGETS, IMAGE_TARGETS
from drive_stack.learning.imitation.column_targets import COLUMNS, KINDS
from drive_stack.learning.imitation.config import EncoderSettings, NetworkSettings
from drive_stack.learning.imitation.head import OUTPUTS, Head
from drive_stack.learning.imitation.normalised_relu import normalised_relu
from drive_stack.learning.imitation.weight_files import safetensors_path
from drive_stack.policy.image_network import Layout, head_path
from drive_stack.policy.views import packed_size
from drive_stack.support.atomic_files import atomic_file


class ResidualLayer(nn.Module):
    """Adds a normalised 3 × 3 convolution of the input to the input, (B, C, H, W), and rectifies the sum.

    He et al., 2016, "Deep residual learning for image recognition", with one convolution.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Compute the output."""
        return normalised_relu(self.convolution(inputs), self.norm, inputs)


class ViewEncoder(nn.Module):
    """Encodes one view: (B, 3, H, W) in −1 … 1 to (B, features)."""

    def __init__(self, settings: EncoderSettings, *, normalised: bool) -> None:
        super().__init__()
        self._normalised = normalised
        layers: list[nn.Module] = []
        before = 3
        for layer in settings.layers:
            layers.append(
                nn.Conv2d(
                    before, layer.channels, layer.kernel, layer.stride, layer.kernel // 2, bias=not normalised
                )
            )
            layers += [nn.BatchNorm2d(layer.channels)] if normalised else []
            layers.append(nn.ReLU(inplace=True))
            layers += [ResidualLayer(layer.channels) for _ in range(layer.residual_layers)]
            before = layer.channels
        self.layers = nn.Sequential(*layers)
        with torch.no_grad():
            shape = self.layers(torch.zeros(2, 3, settings.view.height, settings.view.width)).shape[1:]
        self.out = (
            _column_features(shape, settings.column_features)
            if settings.column_features is not None
            else _global_features(shape, settings.size, normalised)
        )

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Compute the view's features."""
        if self._normalised and self.training:
            for layer in self.layers:
                if isinstance(layer, nn.BatchNorm2d):
                    planes = normalised_relu(planes, layer)
                elif not isinstance(layer, nn.ReLU):
                    planes = layer(planes)
        else:
            planes = self.layers(planes)
        features: torch.Tensor = self.out(planes)
        return features


def _global_features(shape: torch.Size, features: int, normalised: bool) -> nn.Sequential:
    """A linear layer over the whole feature map."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(shape.numel(), features),
        # with a ReLU instead, features that become inactive stay so: 9 of 224 were left
        nn.LayerNorm(features) if normalised else nn.ReLU(inplace=True),
    )


def _column_features(shape: torch.Size, features: int) -> nn.Sequential:
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
    """Maps packed views (B, K) uint8 to (B, features); see `drive_stack.policy.views`."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self._views = settings.views
        self.eyes = nn.ModuleList(
            ViewEncoder(encoder, normalised=settings.normalised) for encoder in settings.encoders
        )

    def planes(self, packed: torch.Tensor) -> list[torch.Tensor]:
        """Unpack each view as (B, 3, H, W) in −1 … 1."""
        planes, start = [], 0
        for view in self._views:
            part = packed[:, start : start + view.size].reshape(-1, view.height, view.width, 3)
            planes.append(part.float().mul_(2.0 / 255.0).sub_(1.0).permute(0, 3, 1, 2))  # channels last
            start += view.size
        return planes

    def forward(self, packed: torch.Tensor) -> torch.Tensor:
        """Compute the features of packed views."""
        planes = self.planes(packed)
        return torch.cat([encoder(plane) for encoder, plane in zip(self.eyes, planes, strict=True)], dim=1)


class PolicyNet(nn.Module):
    """Trunk, head, and the layers that predict auxiliary targets in training.

    The head has ``outputs``: the controls, or what another driver reads off the images.
    """

    def __init__(self, settings: NetworkSettings, outputs: int = OUTPUTS) -> None:
        super().__init__()
        self.settings = settings
        self.trunk = Trunk(settings)
        self.head = Head(settings, outputs)
        # used only in training
        self.now = nn.Sequential(
            nn.Linear(self.layout.features, 64),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Linear(64, len(IMAGE_TARGETS)),
        )
        self.then = nn.Linear(settings.hidden[0], len(HISTORY_TARGETS))
        self.columns = nn.ModuleList(
            nn.Conv1d(encoder.column_features, KINDS, 1)
            for encoder in settings.encoders
            if encoder.column_features
        )

    @property
    def layout(self) -> Layout:
        """Layout of the network's input."""
        return Layout(
            views=self.settings.views,
            history=self.settings.history,
            features=sum(encoder.size for encoder in self.settings.encoders),
        )

    def head_parameters(self) -> Iterator[nn.Parameter]:
        """Parameters that are trained while the trunk is frozen."""
        for part in (self.head, self.now, self.then):
            yield from part.parameters()

    def encode(self, planes: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Features (F, D) of unpacked views, and the column targets predicted from each encoder."""
        features = [encoder(plane) for encoder, plane in zip(self.trunk.eyes, planes, strict=True)]
        by_column = [
            part
            for part, encoder in zip(features, self.settings.encoders, strict=True)
            if encoder.column_features is not None
        ]
        predicted = [
            layer(part.unflatten(1, (-1, COLUMNS)))
            for layer, part in zip(self.columns, by_column, strict=True)
        ]
        return torch.cat(features, dim=1), predicted

    def decide(self, features: torch.Tensor, rows: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Outputs (B, outputs) from features (F, D), of which ``rows`` (B, history) selects the inputs."""
        return torch.as_tensor(self.head(torch.cat([features[rows].flatten(1), state], dim=1)))

    def decide_with_auxiliary(
        self, features: torch.Tensor, rows: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """As `decide`, and the predicted auxiliary targets (B, H)."""
        history = features[rows]
        hidden = self.head.first_layer(torch.cat([history.flatten(1), state], dim=1))
        auxiliary = torch.cat([self.now(history[:, 0]), self.then(hidden)], dim=1)
        return self.head.remaining_layers(hidden), auxiliary


def export(network: PolicyNet, trunk: Path) -> None:
    """Write trunk and head as ONNX for one observation at a time, and their weights as safetensors."""
    network = network.eval()
    layout = network.layout
    examples = (
        (network.trunk, trunk, torch.zeros((1, packed_size(layout.views)), dtype=torch.uint8)),
        (network.head, head_path(trunk), torch.zeros((1, layout.head_size))),
    )
    with torch.no_grad():
        for module, path, example in examples:
            with atomic_file(path) as part:
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
    with atomic_file(safetensors_path(trunk)) as part:
        save_file(weights, part)

"""The policy's head: from what was lately seen to the controls.

What an eye tells column by column is kept in columns, the moments of each side by side, and is read by
convolutions across: that something comes nearer shows as a difference in one column, wherever that column
is. Of what they find the head is given the most and the mean over all columns, and a little of each.
"""

from __future__ import annotations

import torch
from torch import nn

from drive_stack.learning.imitation.columns import COLUMNS
from drive_stack.learning.imitation.config import NetworkSettings
from drive_stack.policy.numbers import STATE_SIZE

OUTPUTS = 2  # lateral and longitudinal acceleration [m/s²]
_SLOPE = 0.1
_TOLD = 24  # numbers that every column is told of all else
_EACH = 8  # numbers that are given on of each column


class ColumnsReader(nn.Module):
    """(B, C, `COLUMNS`) and what else is known, (B, D), to (B, size)."""

    def __init__(self, channels: int, known: int, widths: tuple[int, ...]) -> None:
        """``widths`` are the channels of its layers."""
        super().__init__()
        x = torch.linspace(-1.0, 1.0, COLUMNS)
        self.place: torch.Tensor
        self.register_buffer("place", torch.stack([x, x * x])[None], persistent=False)
        self.tell = nn.Linear(known, _TOLD)
        layers: list[nn.Module] = []
        before = channels + _TOLD + 2
        for width in widths:
            layers += [nn.Conv1d(before, width, 3, padding=1), nn.LeakyReLU(_SLOPE, inplace=True)]
            before = width
        self.layers = nn.Sequential(*layers)
        self.each = nn.Conv1d(before, _EACH, 1)
        self.size = 2 * before + _EACH * COLUMNS

    def forward(self, columns: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """What it makes of them."""
        told = self.tell(known)[:, :, None].expand(-1, -1, COLUMNS)
        place = self.place.expand(columns.shape[0], -1, -1)
        found = self.layers(torch.cat([columns, told, place], dim=1))
        return torch.cat([found.amax(dim=2), found.mean(dim=2), self.each(found).flatten(1)], dim=1)


class Head(nn.Module):
    """(B, history · features and `STATE_SIZE`) to (B, `OUTPUTS`)."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self._history = len(settings.history)
        self._sizes = [eye.size for eye in settings.eyes]
        self._by_columns = [eye.columns is not None for eye in settings.eyes]
        flat = sum(eye.size for eye in settings.eyes if eye.columns is None)
        channels = sum(eye.columns or 0 for eye in settings.eyes)
        known = self._history * flat + STATE_SIZE
        self.reader = ColumnsReader(self._history * channels, known, settings.across) if channels else None
        layers: list[nn.Module] = []
        before = known + (self.reader.size if self.reader is not None else 0)
        for width in settings.hidden:
            part = [
                nn.Linear(before, width),
                nn.LeakyReLU(_SLOPE, inplace=True),
                nn.Dropout(settings.dropout),
            ]
            layers.append(nn.Sequential(*part))
            before = width
        self.layers = nn.ModuleList(layers)
        self.out = nn.Linear(before, OUTPUTS)

    def begin(self, given: torch.Tensor) -> torch.Tensor:
        """What its first hidden layer makes of it."""
        seen, state = given[:, :-STATE_SIZE], given[:, -STATE_SIZE:]
        parts = torch.split(seen.reshape(seen.shape[0], self._history, -1), self._sizes, dim=2)
        flat = [part.flatten(1) for part, by in zip(parts, self._by_columns, strict=True) if not by]
        known = torch.cat([*flat, state], dim=1)
        if self.reader is not None:
            columns = [
                part.reshape(part.shape[0], -1, COLUMNS)
                for part, by in zip(parts, self._by_columns, strict=True)
                if by
            ]
            known = torch.cat([self.reader(torch.cat(columns, dim=1), known), known], dim=1)
        hidden: torch.Tensor = self.layers[0](known)
        return hidden

    def end(self, hidden: torch.Tensor) -> torch.Tensor:
        """The rest of it."""
        for layer in self.layers[1:]:
            hidden = layer(hidden)
        asked: torch.Tensor = self.out(hidden)
        return asked

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """The controls."""
        return self.end(self.begin(given))

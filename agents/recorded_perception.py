"""The perception of the driver `mid_to_end`, to run over recorded images when its network is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from drive_stack.config import load_model
from drive_stack.interfaces import Platform
from drive_stack.pipeline.perceiving import Perception, PerceptionSource
from drive_stack.support.layout import CONFIGS, PACKAGE

from .facts import perception_hashes
from .mid_to_end import MidToEndConfig
from .stages import build_perception

_CODE = ("perception", "tracking", "monitoring", "pipeline", "policy/track_encoding.py")


def perception_source(overrides: Sequence[str]) -> PerceptionSource:
    """The perception that the agent file names; ``overrides`` are ``key.sub=value``.

    Raises `ConfigError` for an override that cannot be used, and for missing or altered weights.
    """
    config = load_model(CONFIGS / "agents" / "mid_to_end.yaml", MidToEndConfig, overrides)
    excluded = {"perception": {"detector_weights", "lanes_weights", "threads", "engine"}}
    settings = config.model_dump_json(include={"perception", "tracking"}, exclude=excluded)

    def make(platform: Platform) -> Perception:
        stages = build_perception(config.perception, config.tracking, platform, None)
        return Perception(stages, platform.dt)

    hashes = perception_hashes(config.perception)
    return PerceptionSource(make, f"{settings} {sorted(hashes.items())} {_code_hash()}")


def _code_hash() -> str:
    """SHA-256 of the code that determines tracks and lanes."""
    digest = hashlib.sha256()
    for name in _CODE:
        path = PACKAGE / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()

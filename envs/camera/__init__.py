"""The front camera: draws the world's state and labels what it drew."""

from envs.camera.camera import Camera

__all__ = ["Camera"]

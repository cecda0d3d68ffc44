"""The front camera: renders the world's state as an image and labels that image."""

from .camera import Camera

__all__ = ["Camera"]

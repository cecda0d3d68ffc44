"""What the camera's lens and exposure do to a picture."""

from .effects import LensEffects

__all__ = ["LensEffects"]

"""What the camera's lens and exposure do to a picture."""

from .adaptation import adaptation_stops, expose
from .effects import LensEffects

__all__ = ["LensEffects", "adaptation_stops", "expose"]

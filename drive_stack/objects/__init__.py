"""Classes of objects, and all actors of a world state as boxes."""

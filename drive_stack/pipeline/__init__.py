"""The modular driver's chain: perception at the exposure of an image, then driving at the present step."""

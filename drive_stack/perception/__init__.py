"""From the image to objects and lanes on the road."""

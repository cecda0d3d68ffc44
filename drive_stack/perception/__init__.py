"""Objects and lanes on the road, from the camera image."""

"""The story of a race: what happens on the road, who perceives it, who brakes for it, and how it ends."""

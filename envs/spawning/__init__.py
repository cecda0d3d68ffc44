"""Everything that is drawn from (scenario, seed) and placed on the road before the first tick."""

"""Episodes driven and judged: rollout, metrics, scores."""

"""Recording, training and judging of what is learned."""

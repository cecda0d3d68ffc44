"""Training of the end-to-end policy by imitation of the expert (DAgger)."""

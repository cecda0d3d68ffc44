"""The tables of ``run_sim.py stages``: what changes when a stage is replaced by its oracle."""

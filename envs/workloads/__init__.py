"""Workloads of the speed benchmark: those of Drive Stack and of their baselines."""

"""Agents in a process of their own, which gets observations and returns controls."""

"""Agents in a separate process that receives observations and returns controls."""

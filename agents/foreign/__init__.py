"""Agents of users: policy files and classes."""

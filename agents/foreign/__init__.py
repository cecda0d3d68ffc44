"""Other people's policies: files that map the environment's observation to its action."""

"""The leaderboard: what drivers achieve on the suites, and what they cost to make and to run."""

"""Batches of episodes on several processes; each row is saved at once, so an interrupted run can continue."""

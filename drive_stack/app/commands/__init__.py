"""The subcommands of ``run_sim.py``, one file each."""

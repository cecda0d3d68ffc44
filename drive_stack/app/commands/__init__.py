"""The commands of ``run_sim.py``, one file each; `table` lists them."""

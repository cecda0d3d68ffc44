"""Parts that all trainings share: averages, checkpoints, devices, early stopping, progress, run folders."""

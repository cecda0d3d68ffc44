"""What the trainings share: averages, checkpoints, devices, early stopping, progress."""

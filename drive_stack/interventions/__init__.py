"""What a drive can be repeated with: changes of the world and of its image, see `drive_stack.causes`."""

"""What a drive can be repeated with: changes of the world and of its picture, see `drive_stack.causes`."""

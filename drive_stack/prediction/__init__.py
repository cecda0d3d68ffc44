"""Where tracked objects may go over the next seconds."""

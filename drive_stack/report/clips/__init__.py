"""Films of how episodes went wrong, made while they are driven, and what was known at the last moment."""

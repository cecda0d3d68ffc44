"""Videos of failed episodes, recorded while they are driven, and the state at the last moment."""

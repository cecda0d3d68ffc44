"""Direct perception: the few quantities of the road ahead on which a hand-designed driver can act."""

"""Models of scenario files and the checks that their entries fit on the road."""

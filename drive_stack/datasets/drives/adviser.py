"""The expert's settings while another agent drives; recordings and the viewer share them."""

from __future__ import annotations

# While a student drives, the expert's plan is not executed. The expert therefore plans from the car's
# position at every step, since a retained plan would drift away from the car's motion.
ADVISER = ("planning.lattice.plan_is_executed=false",)

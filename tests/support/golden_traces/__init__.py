"""Golden traces: what each stage answered to recorded inputs, kept to notice every change."""

"""Measurements: each command prints what it found, and with --json one flat object last."""

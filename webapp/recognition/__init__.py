"""The streaming recogniser: templates, thresholds, spotter. Pure, stateful, no framework."""

"""The collapsed engine: study baselines and random effects integrated out one study at a time."""

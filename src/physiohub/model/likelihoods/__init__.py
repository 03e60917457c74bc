"""Likelihoods of one arm: log density of its data given its linear predictor theta."""

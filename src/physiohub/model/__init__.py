"""The model in the letters of the field: specification, priors, design matrices."""

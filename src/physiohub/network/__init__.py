"""Studies, arms and contrasts: reading them, checking them, and the network they form."""

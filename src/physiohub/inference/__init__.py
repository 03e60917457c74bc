"""From (network, specification) to a posterior."""

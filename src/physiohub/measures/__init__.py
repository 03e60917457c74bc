"""Effect measures and their arithmetic."""

"""The three-population example, worked out: pictures and numbers."""

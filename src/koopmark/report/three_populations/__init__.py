"""The three-population example as a page and as numbers."""

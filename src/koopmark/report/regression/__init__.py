"""One run against another: what got worse, what got better, and how that is told."""

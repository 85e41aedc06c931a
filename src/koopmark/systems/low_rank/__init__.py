"""Networks with low-rank weights: recurrent, relaxation and drift networks, and variants."""

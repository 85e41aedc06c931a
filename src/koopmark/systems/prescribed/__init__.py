"""Systems made for their eigenfunctions: given functions, and conjugacies to linear systems."""

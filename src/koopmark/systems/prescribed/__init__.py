"""Systems made for their eigenfunctions: prescribed functions, or a prescribed conjugacy."""

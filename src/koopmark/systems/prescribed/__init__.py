"""Systems built for prescribed eigenfunctions or a prescribed conjugacy to linear dynamics."""

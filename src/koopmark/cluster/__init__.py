"""The fits of a run on a Dask cluster."""

"""Textbook systems: systems of other kinds whose spectra are known in closed form."""

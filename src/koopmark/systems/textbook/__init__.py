"""Textbook systems whose Koopman spectra are known in closed form."""

"""The version of koopmark."""

__version__ = "0.1.0"

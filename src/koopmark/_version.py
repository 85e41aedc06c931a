"""The version of koopmark."""

__version__ = "0.2.0"

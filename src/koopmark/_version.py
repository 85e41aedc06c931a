"""The version of koopmark, said once."""

__version__ = "0.2.0"

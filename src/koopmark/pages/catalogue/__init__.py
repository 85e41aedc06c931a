"""Every dataset that ships: equations, parameters, source, spectrum and a phase portrait."""

from koopmark.pages.catalogue._entries import as_markdown
from koopmark.pages.catalogue._page import write
from koopmark.pages.catalogue._pictures import portrait

__all__ = ["as_markdown", "portrait", "write"]

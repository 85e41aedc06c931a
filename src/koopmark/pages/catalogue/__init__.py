"""Every dataset that ships: equations, parameters, source, spectrum and a phase portrait."""

from koopmark.pages.catalogue._entries import CONDITIONS, as_markdown, entry
from koopmark.pages.catalogue._groups import group_of, grouped
from koopmark.pages.catalogue._page import write
from koopmark.pages.catalogue._pictures import portrait

__all__ = ["CONDITIONS", "as_markdown", "entry", "group_of", "grouped", "portrait", "write"]

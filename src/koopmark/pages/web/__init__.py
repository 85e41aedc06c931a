"""What all pages share: the base template, styles and scripts; how numbers and methods look."""

from koopmark.pages.web._looks import TableCell, dash, method_styles, score_cell
from koopmark.pages.web._render import render

__all__ = ["TableCell", "dash", "method_styles", "render", "score_cell"]

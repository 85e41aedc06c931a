"""Text in LaTeX."""

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "µ": r"\textmu{}",
    "–": "--",
    "−": "$-$",
    "\n": " ",
}


def escaped(text: str) -> str:
    """With every character that LaTeX takes for a command written out."""
    return "".join(SPECIAL.get(character, character) for character in text)

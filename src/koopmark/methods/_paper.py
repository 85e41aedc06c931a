"""References to papers."""

import re
import unicodedata
from dataclasses import dataclass

MOST_NAMED = 6
"""Authors; of more the first stands for all."""

SHORT = ("a", "an", "and", "by", "for", "from", "in", "of", "on", "the", "to", "using", "with")


@dataclass(frozen=True)
class Paper:
    """A paper: authors, year and DOI, with more fields for a bibliography.

    Parameters
    ----------
    text : str
        Authors and year, such as "Williams, Kevrekidis and Rowley 2015".
    doi : str
        Such as "10.1007/s00332-015-9258-5"; empty if the paper has none.
    authors : tuple of str
        `Family, Given`.
    year : int, optional
    title : str
        Title in sentence case, with capitals for names.
    journal : str
        Journal, proceedings, or number of a preprint; empty for a book.
    publisher : str
        Publisher of a book.
    """

    text: str
    doi: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    title: str = ""
    journal: str = ""
    publisher: str = ""

    @classmethod
    def of(
        cls,
        *authors: str,
        year: int,
        title: str,
        journal: str = "",
        doi: str = "",
        publisher: str = "",
    ) -> "Paper":
        """Make a paper whose text is its authors and year."""
        families = [author.partition(",")[0] for author in authors]
        if len(families) > MOST_NAMED:
            families = [f"{families[0]} et al."]
        *others, last = families
        names = f"{', '.join(others)} and {last}" if others else last
        return cls(f"{names} {year}", doi, authors, year, title, journal, publisher)

    @property
    def url(self) -> str:
        """The DOI as a URL; empty without a DOI."""
        return f"https://doi.org/{self.doi}" if self.doi else ""

    @property
    def key(self) -> str:
        """BibTeX key of family name, year and first word, such as `williams2015data`."""
        if not self.authors:
            return _plain(self.text)
        words = [word for word in re.findall(r"[^\W\d_]+", self.title) if word.lower() not in SHORT]
        return _plain(f"{self.authors[0].partition(',')[0]}{self.year or ''}{(words or [''])[0]}")

    def __str__(self) -> str:
        return f"{self.text}, doi:{self.doi}" if self.doi else self.text


def _plain(text: str) -> str:
    """In small ASCII letters and digits."""
    letters = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", letters)

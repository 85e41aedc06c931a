"""Size, fonts and files of figures.

Matplotlib is imported here and in the drawing modules alone, when something is drawn.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koopmark._errors import ConfigError
from koopmark._files import make_folder, write_bytes
from koopmark._version import __version__

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MISSING = 'figures need Matplotlib: pip install "matplotlib>=3.8"'

WIDTH = 3.4
"""Inches: a column of most two-column journals."""
HIGHEST = 3.2
"""Inches of a figure whose height nobody gave, before a legend is added."""
LEAST, MOST = 1.5, 40.0
"""Inches between which a side of a figure lies."""

NARROWEST, LOWEST = 0.7, 0.12
"""Inches that axes are wide, and share of a figure that they are high, at the least."""

UNITS = {"in": 1.0, "mm": 1 / 25.4, "cm": 1 / 2.54, "pt": 1 / 72.27}
"""In inches; a point is TeX's, as LaTeX prints `\\the\\columnwidth`."""

SMALL, NORMAL = 7.0, 8.0
"""Points: of numbers and names in a figure, and of what an axis is called."""

STYLE: dict[str, Any] = {
    "axes.labelsize": NORMAL,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.02,
    "figure.constrained_layout.w_pad": 0.02,
    "figure.dpi": 150,
    "font.size": NORMAL,
    "grid.color": "#d9d9d9",
    "grid.linewidth": 0.4,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "legend.labelspacing": 0.25,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.6,
    "savefig.dpi": 300,
    "xtick.labelsize": SMALL,
    "xtick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.labelsize": SMALL,
    "ytick.major.width": 0.6,
    "ytick.minor.width": 0.4,
    # Fonts are embedded as TrueType, which journals ask for; in SVG letters are outlines, so that
    # they look alike on every machine.
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "path",
    # Names of the parts of an SVG, otherwise drawn at random.
    "svg.hashsalt": "koopmark",
}

METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"Creator": f"koopmark {__version__}", "CreationDate": None},
    "svg": {"Creator": f"koopmark {__version__}", "Date": None},
}
"""No times: the same run gives the same file."""

NO_FILES = ("pgf", "raw", "rgba")
"""Formats of Matplotlib that are no pictures of their own, or need a TeX to be written."""


@dataclass(frozen=True)
class Canvas:
    """The axes that a figure is drawn into.

    Parameters
    ----------
    ax : Axes
    free : bool
        Whether the figure belongs to koopmark, so that a legend can be put below it.
    growing : bool
        Whether its height may be adapted to its contents.
    """

    ax: "Axes"
    free: bool = False
    growing: bool = False

    @property
    def figure(self) -> "Figure":
        from matplotlib.figure import Figure

        root = self.ax.get_figure(root=True)
        assert isinstance(root, Figure)
        return root

    @property
    def points(self) -> tuple[float, float]:
        """Width and height in points of the figure, or of the axes that the user passed."""
        width, height = self.figure.get_size_inches()
        if not self.free:
            box = self.ax.get_position()
            width, height = width * box.width, height * box.height
        return 72 * float(width), 72 * float(height)

    def as_high_as(self, inches: float) -> None:
        """Set the height of the figure, unless the user set it."""
        if self.growing:
            self.figure.set_figheight(min(inches, MOST))


def available() -> None:
    """Raise ConfigError with the install command if Matplotlib is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ConfigError(MISSING) from None


@contextmanager
def styled() -> Iterator[None]:
    """Use koopmark's fonts, lines and file settings inside the block, whatever the user's style."""
    available()
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


@contextmanager
def canvas(ax: "Axes | None") -> Iterator[Canvas]:
    """The user's axes in the user's style, or new pyplot axes in koopmark's style."""
    available()
    if ax is not None:
        yield Canvas(ax)
        return
    with styled():
        import matplotlib.pyplot as plt

        figure, new = plt.subplots(figsize=(WIDTH, 0.75 * WIDTH))
        try:
            yield Canvas(new, free=True, growing=True)
        except BaseException:
            # An empty figure would be shown with the next.
            plt.close(figure)
            raise


def blank(width: float, height: float | None) -> Canvas:
    """New axes for a file, without a window; for use inside `styled`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height or min(0.75 * width, HIGHEST)))
    return Canvas(figure.subplots(), free=True, growing=height is None)


def inches(text: str, option: str = "--width") -> float:
    """Convert a length such as 3.4in, 85mm, 8.5cm or 240pt to inches.

    Raises
    ------
    ConfigError
        If the text is not a length, or the length is not possible for a figure.
    """
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(in|mm|cm|pt)\s*", text)
    if not found:
        raise ConfigError(
            f"{option} is {text!r}: it must be a number with a unit, such as 3.4in, 85mm, 8.5cm "
            "or 240pt"
        )
    length = float(found[1]) * UNITS[found[2]]
    if not LEAST <= length <= MOST:
        raise ConfigError(f"{option} is {text!r}: it must be between {LEAST:g}in and {MOST:g}in")
    return length


@cache
def formats() -> tuple[str, ...]:
    """File formats that this Matplotlib can write."""
    from matplotlib.backend_bases import FigureCanvasBase

    return tuple(
        sorted(name for name in FigureCanvasBase.get_supported_filetypes() if name not in NO_FILES)
    )


def wanted(text: str, out: Path | None) -> list[str]:
    """The requested formats, or else the suffix of `out`, or else pdf.

    Raises
    ------
    ConfigError
        If Matplotlib cannot write a format, or no format is given.
    """
    ending = out.suffix.removeprefix(".").lower() if out is not None else ""
    # A file may be called v1.2.
    ending = ending if ending.isalpha() else ""
    names = [name.strip().lower() for name in (text or ending or "pdf").split(",")]
    for name in names:
        if name not in formats():
            given = f"--format has {name!r}" if text else f"{out} ends in {out and out.suffix!r}"
            raise ConfigError(f"{given}: it must be one of {', '.join(formats())}")
    return list(dict.fromkeys(names))


def save(figure: "Figure", out: str | Path, names: Sequence[str]) -> list[Path]:
    """Write a figure in these formats; for use inside `styled`.

    Parameters
    ----------
    figure : Figure
    out : str or Path
        Path without a suffix, or with that of one of the formats.
    names : sequence of str

    Raises
    ------
    ConfigError
        If a file cannot be written, or labels leave no room for the axes.
    """
    out = Path(out)
    stem = out.with_suffix("") if out.suffix.removeprefix(".").lower() in formats() else out
    make_folder(stem.parent)
    files = []
    for name in names:
        buffer = io.BytesIO()
        with warnings.catch_warnings():
            # Matplotlib would write axes without a size.
            warnings.filterwarnings("error", "constrained_layout not applied", UserWarning)
            try:
                figure.savefig(buffer, format=name, metadata=METADATA.get(name))
                crowded = _crowded(figure)
            except UserWarning:
                crowded = True
        if crowded:
            width, height = figure.get_size_inches()
            raise ConfigError(
                f"names leave no room in a figure of {width:.2g}in by {height:.2g}in: give it "
                "more --width or --height, or choose fewer methods"
            )
        path = stem.with_name(f"{stem.name}.{name}")
        write_bytes(path, buffer.getvalue())
        files.append(path)
    return files


def _crowded(figure: "Figure") -> bool:
    """Whether its axes are too narrow for their numbers, or much lower than what is around them."""
    box = figure.axes[0].get_position()
    return bool(box.width * figure.get_figwidth() < NARROWEST or box.height < LOWEST)

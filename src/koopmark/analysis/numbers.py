"""How numbers are written for people: one notation everywhere, and what is missing shows."""

import math
from typing import Any

MISSING = "–"


def scientific(value: float) -> str:
    """Two significant digits, as in 2.1e-11 or 0.96; `inf` and a dash for what is missing."""
    value = float(value)
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    return f"{value:#.2g}".removesuffix(".") if 0.1 <= abs(value) < 99.5 else f"{value:.1e}"


def seconds(value: float) -> str:
    """A duration in the unit that suits it: 0.42 ms, 1.3 s, 2.1 min."""
    value = float(value)
    if not math.isfinite(value):
        return scientific(value)
    if value < 1e-3:
        return f"{1e6 * value:.3g} µs"
    if value < 1:
        return f"{1e3 * value:.3g} ms"
    return f"{value:.3g} s" if value < 120 else f"{value / 60:.3g} min"


def plain(value: float) -> str:
    """At most three significant digits without an exponent where that is short: 12, 0.25."""
    value = float(value)
    return f"{value:.3g}" if math.isfinite(value) else scientific(value)


def percent(share: float) -> str:
    """A share in whole percent; 0 % and 100 % are none and all, so <1 % and 99 % come next."""
    if math.isnan(share):
        return MISSING
    if 0 < share < 0.005:
        return "<1 %"
    whole = math.floor(100 * share + 0.5 + 1e-9)
    return f"{whole if share >= 1 - 1e-9 else min(whole, 99)} %"


def eigenvalue(re: float, im: float, conjugates: bool = False) -> str:
    """`-0.3 + 1.2i`; `-0.3 ± 1.2i` for a pair of conjugates."""
    if im == 0 or not math.isfinite(im):
        return plain(re)
    sign = "±" if conjugates else "-" if im < 0 else "+"
    return f"{plain(re)} {sign} {plain(abs(im))}i"


def share(value: float, low: float, high: float) -> str:
    """A share with its interval: `99 % (56 to 100 %)`."""
    if math.isnan(value):
        return MISSING
    return f"{percent(value)} ({percent(low).removesuffix(' %')} to {percent(high)})"


def interval(low: float, high: float) -> str:
    """`-0.31 to -0.29`, with digits enough to tell the ends apart; a dash if there is none."""
    if math.isnan(low) or math.isnan(high):
        return MISSING
    size, width = max(abs(low), abs(high)), abs(high - low)
    if size == 0 or width == 0:
        return plain(low)
    digits = min(max(2, math.ceil(math.log10(size / width)) + 2), 7)
    return f"{low:.{digits}g} to {high:.{digits}g}"


def exact(value: Any) -> str:
    """Every digit, so that what a page holds can be compared with the table it came from."""
    return repr(float(value))


def plural(count: int, noun: str) -> str:
    """`1 fit`, `3 fits`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def together(parts: list[str], most: int) -> str:
    """`a; b`, or `a; b; and 7 more`."""
    more = [f"and {len(parts) - most} more"] * (len(parts) > most)
    return "; ".join([*parts[:most], *more])


def listed(items: list[str], most: int = 4) -> str:
    """`a, b and c`, or `a, b, c, d and 7 more`."""
    if len(items) > most:
        items = [*items[:most], f"{len(items) - most} more"]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"

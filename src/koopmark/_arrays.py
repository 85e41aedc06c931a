"""Conversion and checks of arrays and numbers that users pass.

Arrays become float64: `real` for what is computed with at once, `finite` for parameters, `stored`
for data that may be large and are kept as they are, `numeric` for the arguments of vector fields
and eigenfunctions, which complex steps differentiate, `inexact` for elementwise functions. Numbers:
`integer`, and `checked` for those that a function takes.
"""

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import signature
from numbers import Complex, Integral, Real
from typing import Any, ClassVar, ParamSpec, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

DOUBLE, SINGLE, COMPLEX = (np.dtype(t) for t in (np.float64, np.float32, np.complex128))

Gate = Callable[[Any, str], Any]
"""From an argument and its name to what is computed with."""

P = ParamSpec("P")
R = TypeVar("R")


def real(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """The values in float64: the array itself if it is float64, a copy otherwise.

    Integers, booleans, every floating-point type and byte order, lists, pandas objects and object
    arrays of numbers are converted. Masked entries, None and pandas.NA become NaN.

    Parameters
    ----------
    values : array_like
    what : str
        What the array is called in messages.

    Raises
    ------
    ValueError
        If it holds complex numbers, dates, text or parts of different lengths.
    """
    if type(values) is np.ndarray and values.dtype == DOUBLE:
        return values
    return _without_complex(_plain(values, what), what).astype(DOUBLE, copy=False)


def stored(values: ArrayLike, what: str) -> NDArray:
    """As `real`, but float32 arrays and memory maps of any type are kept.

    They are converted where they are computed with, a block at a time if they are large.
    """
    array = _without_complex(_plain(values, what), what)
    if array.dtype in (DOUBLE, SINGLE) or isinstance(array, np.memmap):
        return array
    return array.astype(DOUBLE)


def numeric(values: ArrayLike, what: str) -> NDArray:
    """As `real`, but complex numbers are allowed."""
    if type(values) is np.ndarray and values.dtype in (DOUBLE, COMPLEX):
        return values
    array = _plain(values, what)
    return array.astype(COMPLEX if array.dtype.kind == "c" else DOUBLE, copy=False)


def inexact(values: ArrayLike, what: str) -> NDArray:
    """As `numeric`, but float32 is kept, so that simulations can run in it."""
    if type(values) is np.ndarray and values.dtype == SINGLE:
        return values
    return numeric(values, what)


def finite(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """As `real`, but missing and infinite values raise an error; used for parameters."""
    array = real(values, what)
    check_finite(array, what)
    return array


def check_finite(values: ArrayLike, what: str) -> None:
    """Raise ValueError if a number is missing or infinite, naming the first one."""
    array = np.asarray(values)
    wrong = ~np.isfinite(array)
    if wrong.any():
        raise ValueError(f"{_entry(what, array, wrong)}: not finite")


def integer(value: Any, what: str) -> int:
    """The value if it is an integer of any type; booleans and floats such as 2.0 raise an error.

    Raises TypeError if it is anything else.
    """
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise TypeError(f"{what} is {value!r}: it must be an integer")


def _number(value: Any, what: str) -> Any:
    """`value`, if it is a real number of whatever type; True is none."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return value
    raise TypeError(f"{what} is {value!r}: it must be a number")


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """The same function with its `int` and `float` arguments checked by name.

    None is let through where the annotation has it.
    """
    known = {int: integer, float: _number}
    taken = signature(function)
    gates: dict[str, tuple[Gate, bool]] = {}
    for name, parameter in taken.parameters.items():
        kinds = get_args(parameter.annotation) or (parameter.annotation,)
        for kind in set(kinds) & set(known):
            gates[name] = known[kind], type(None) in kinds

    @wraps(function)
    def careful(*args: P.args, **options: P.kwargs) -> R:
        try:
            given = taken.bind(*args, **options)
        except TypeError:
            # Python says it better, with the name of the function.
            return function(*args, **options)
        for name, (gate, optional) in gates.items():
            value = given.arguments.get(name)
            if name in given.arguments and not (optional and value is None):
                given.arguments[name] = gate(value, name)
        return function(*given.args, **given.kwargs)

    return careful


def of_width(array: NDArray, width: int | None, what: str) -> NDArray:
    """The array if its last axis has this length or none is known; raises ValueError otherwise."""
    if width is not None and array.shape[-1:] != (width,):
        raise ValueError(f"{what} must have shape (..., {width}), got {array.shape}")
    return array


class Gated:
    """Base class that checks the first argument of some methods, however subclasses write them."""

    _gates: ClassVar[Mapping[str, tuple[Gate, str]]] = {}
    """By the name of the method: the gate, and the name of the argument."""

    _fitting: ClassVar[Callable[[Any, NDArray], NDArray] | None] = None
    """From the object and an array behind the gate to one of the shape that the object takes."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, (gate, argument) in cls._gates.items():
            written = vars(cls).get(name)
            if callable(written) and not getattr(written, "__isabstractmethod__", False):
                setattr(cls, name, _through(gate, argument, written, cls._fitting))


def _through(
    gate: Gate,
    argument: str,
    method: Callable[..., Any],
    fitting: Callable[[Any, NDArray], NDArray] | None,
) -> Callable[..., Any]:
    @wraps(method)
    def gated(self: Any, *args: Any, **options: Any) -> Any:
        given = bool(args)
        if not (given or argument in options):
            return method(self, **options)
        array = gate(args[0] if given else options.pop(argument), argument)
        if fitting is not None:
            array = fitting(self, array)
        return method(self, array, *args[1:], **options)

    return gated


def _plain(values: Any, what: str) -> NDArray:
    """An array of numbers without a mask, in memory or mapped; a copy only if it must be one."""
    values = _unmasked(values)
    if isinstance(values, np.memmap):
        array: NDArray = values
    else:
        try:
            array = np.asarray(values)
        except (ValueError, TypeError):
            raise ValueError(_ragged(what, values)) from None
    if array.dtype.kind == "O":
        return _from_objects(array, what)
    if array.dtype.kind not in "biufc":
        raise ValueError(f"{what} must be numbers, got {_kind(array.dtype)}")
    return array


def _unmasked(values: Any) -> Any:
    """`values` with NaN where something is masked, in sequences too."""
    if isinstance(values, list | tuple):
        return [_unmasked(item) for item in values]
    if not isinstance(values, np.ma.MaskedArray):
        return values
    mask = np.ma.getmaskarray(values)
    if values.dtype.kind not in "biuf" or not mask.any():
        return values.data
    return np.where(mask, np.nan, values.data.astype(DOUBLE))


def _from_objects(array: NDArray, what: str) -> NDArray:
    pandas = sys.modules.get("pandas")
    missing = np.zeros(array.shape, bool) if pandas is None else pandas.isna(array)
    # A Decimal is no number to the module numbers.
    wrong = [
        value
        for value in array[~missing].flat
        if not (value is None or isinstance(value, Complex) or hasattr(value, "as_integer_ratio"))
    ]
    if any(isinstance(value, np.ndarray | list | tuple) for value in wrong):
        try:
            nested = np.asarray(array.tolist())
        except ValueError:
            raise ValueError(_ragged(what, array)) from None
        if nested.dtype.kind != "O":
            return _plain(nested, what)
    if wrong:
        raise ValueError(f"{what} must be numbers, got {wrong[0]!r} among them")
    numbers = np.where(missing, np.nan, array)
    is_complex = any(isinstance(x, Complex) and not isinstance(x, Real) for x in numbers.flat)
    return numbers.astype(COMPLEX if is_complex else DOUBLE)


def _without_complex(array: NDArray, what: str) -> NDArray:
    if array.dtype.kind != "c":
        return array
    imaginary = array.imag != 0
    seen = _entry(what, array, imaginary) if imaginary.any() else f"{what} are {array.dtype}"
    raise ValueError(
        f"{seen}: {what} must be real, not complex; take the real part, or real and imaginary "
        "parts as separate coordinates"
    )


def _entry(what: str, array: NDArray, where: NDArray) -> str:
    """The first entry with a fault, such as `states[0, 3, 1] is nan`."""
    index = tuple(int(i) for i in np.argwhere(where)[0])
    return f"{what}{list(index) if index else ''} is {array[index]}"


def _ragged(what: str, values: Any) -> str:
    lengths = sorted({len(part) for part in values if hasattr(part, "__len__")})
    seen = f" ({lengths[0]} and {lengths[-1]})" if len(lengths) > 1 else ""
    return (
        f"{what} must be one rectangular array, and parts of different lengths{seen} are not; "
        "Trajectories.from_arrays takes trajectories of different lengths"
    )


def _kind(dtype: np.dtype) -> str:
    if dtype.kind == "M":
        return f"dates ({dtype}): subtract the first and divide by np.timedelta64(1, 's')"
    if dtype.kind == "m":
        return f"time differences ({dtype}): divide by np.timedelta64(1, 's')"
    return "text" if dtype.kind in "UST" else f"the type {dtype}"

"""TOML files as validated models, with a sentence for each mistake."""

import stat
import tomllib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError

from koopmark._errors import ConfigError, suggest

BOM = "\ufeff"
"""What some editors begin a file with."""

FOLDER = "folder"
"""Key of the validation context with the folder from which code may be loaded; None for no code."""

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
"""What no file that a person wrote is beyond: larger ones cost memory, deeper ones the stack."""


class Section(BaseModel):
    """A frozen section of a configuration file that refuses unknown keys.

    Nothing is converted but whole numbers to floating-point ones: `true` is not 1, "3" is not 3.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    def sections(self) -> list["Section"]:
        """List the section itself and all sections in it, at any depth."""
        values = [getattr(self, name) for name in type(self).model_fields]
        inner = [value for value in values if isinstance(value, Section)]
        return [self, *(one for section in inner for one in section.sections())]

    def code(self) -> list[type | tuple[str, str]]:
        """The code that the section's numbers come from, for `koopmark._source`."""
        return [type(self)]

    def reads(self) -> list[Path]:
        """Files that the section's numbers come from, apart from the configuration file."""
        return []


SomeSection = TypeVar("SomeSection", bound=Section)


def load(path: Path, model: type[SomeSection]) -> SomeSection:
    """Read and validate a TOML file.

    Raises
    ------
    ConfigError
        Naming the file, the key and what is allowed.
    """
    return parse(loads(read(path)[1], str(path)), model, str(path), path.parent)


def loads(text: str, source: str) -> dict[str, Any]:
    """Read and validate TOML text; `source` names it in errors (see `load`)."""
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(f"{source}: not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{source}: its values are nested too deeply") from None


def read(path: Path) -> tuple[str, str]:
    """The byte order mark of a configuration file (or ""), and its text with its line ends.

    Raises ConfigError if it cannot be read, is too large, or is not UTF-8.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{path}: not a file")
        with path.open("rb") as file:
            contents = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{shortened(str(path), 1000)}: cannot be read ({error.strerror})"
        ) from None
    except ConfigError:
        raise
    except ValueError as error:
        # Such as a NUL among its characters.
        raise ConfigError(f"{shortened(repr(str(path)))}: no path ({error})") from None
    if len(contents) > MAX_BYTES:
        raise ConfigError(f"{path}: it has more than {MAX_BYTES // 1_000_000} MB")
    if contents.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise ConfigError(f"{path}: it is in UTF-16: save it as UTF-8")
    try:
        text = contents.decode("utf-8")
    except UnicodeDecodeError as error:
        line = contents.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}: not UTF-8 (line {line}): save it as UTF-8") from None
    return (BOM, text[1:]) if text.startswith(BOM) else ("", text)


def parse(
    data: dict[str, Any], model: type[SomeSection], source: str, folder: Path | None = None
) -> SomeSection:
    """Validate a mapping; `source` names it in errors (see `load`).

    Code that it names is loaded from `folder`; without one, such as for what a run has written,
    it may name none.
    """
    refuse_extremes(data, source)
    try:
        # Frozen sections hold tuples, and convert nothing.
        return model.model_validate(_converted(data, list, tuple), context={FOLDER: folder})
    except ValidationError as error:
        raise ConfigError(f"{source}: {mistakes(error, model)}") from None


def _converted(value: Any, old: type[Any], new: type[Any]) -> Any:
    """Sequences of one type, at any depth, as those of another."""
    if isinstance(value, dict):
        return {key: _converted(inner, old, new) for key, inner in value.items()}
    return new(_converted(inner, old, new) for inner in value) if isinstance(value, old) else value


def refuse_extremes(data: Any, source: str) -> None:
    """Raise an error for values too deep or too large to process; works without recursion."""
    level = [data]
    for _ in range(MAX_DEPTH):
        if any(isinstance(value, int) and abs(value) >= 2**63 for value in level):
            raise ConfigError(f"{source}: whole numbers must be below 2^63 in magnitude")
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise ConfigError(f"{source}: its values are nested too deeply, {MAX_DEPTH} levels at most")


def mistakes(error: ValidationError, model: type) -> str:
    """The errors that pydantic found for a section or dataclass, one sentence each."""
    details = error.errors(include_url=False)
    return "; ".join(dict.fromkeys(_sentence(dict(detail), model) for detail in details))


def _sentence(detail: dict[str, Any], model: type) -> str:
    keys, holder = _walk(model, detail["loc"])
    key = ".".join(keys)
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = sorted(_annotations(holder))
        hint = suggest(keys[-1], known)
        return f"unknown key {key!r}: {hint}the keys here are {', '.join(known)}"
    if detail["type"] == "missing":
        return f"the key {key!r} is missing"
    if detail["type"].startswith("union_tag"):
        tag = detail["ctx"].get("tag")
        members = _sections(_annotations(holder).get(keys[-1]))
        known = [str(kind) for member in members for kind in _tags(member)]
        problem = f"the key '{key}.kind' is missing" if tag is None else f"{key}.kind = {tag!r}"
        hint = "" if tag is None else suggest(tag, known)
        return f"{problem}: {hint}it must be one of {', '.join(map(repr, known))}"
    if detail["type"] == "value_error":
        return f"{key}: {message}" if key else message
    allowed = message.replace("Input should", "it must")
    if detail["type"] == "literal_error" and isinstance(detail["input"], str):
        allowed = suggest(detail["input"], detail["ctx"]["expected"].split("'")[1::2]) + allowed
    return f"{key} = {shown(detail['input'])}: {allowed}"


def _walk(model: type, location: tuple[Any, ...]) -> tuple[list[str], type | None]:
    """The keys a user wrote to get to `location`, and the section that holds the last one.

    Pydantic puts the tag of a tagged union into its locations, where the file has no key.
    """
    keys: list[str] = []
    holder: type | None = model
    members: list[type] = [model]
    for part in location:
        tagged = [member for member in members if part in _tags(member)]
        # A section by itself has a kind that is a key like others, and no tag.
        if tagged and len(members) > 1:
            members = tagged
            continue
        keys.append(str(part))
        if isinstance(part, int):
            continue
        holder = members[0] if members else None
        members = _sections(_annotations(holder).get(part))
    return keys, holder


def _annotations(section: type | None) -> dict[str, Any]:
    """The types of a section's keys, or of a dataclass's fields."""
    if section is None:
        return {}
    if issubclass(section, BaseModel):
        return {name: field.annotation for name, field in section.model_fields.items()}
    hints = get_type_hints(section)
    return {field.name: hints[field.name] for field in fields(section)}  # type: ignore[arg-type]


def _sections(annotation: Any) -> list[type]:
    """The sections an annotation speaks of, through unions, lists and `Annotated`."""
    if isinstance(annotation, type) and (
        issubclass(annotation, BaseModel) or is_dataclass(annotation)
    ):
        return [annotation]
    return [section for argument in get_args(annotation) for section in _sections(argument)]


def _tags(section: type) -> tuple[Any, ...]:
    return get_args(_annotations(section).get("kind"))


def shown(value: Any) -> str:
    """A value for an error message, written as in the file."""
    return shortened(repr(_converted(value, tuple, list)))


def shortened(text: str, most: int = 60) -> str:
    """Text shortened for an error message."""
    return text if len(text) <= most else text[: most - 3] + "..."

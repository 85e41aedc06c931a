"""TOML files into validated models, with one sentence for each mistake."""

import stat
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from koopmark._errors import ConfigError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
"""What no file that a person wrote is beyond: larger ones cost memory, deeper ones the stack."""


class Section(BaseModel):
    """A frozen section of a configuration file that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


SomeSection = TypeVar("SomeSection", bound=Section)


def load(path: Path, model: type[SomeSection]) -> SomeSection:
    """Read and validate a TOML file.

    Raises
    ------
    ConfigError
        Naming the file, the key and what is allowed.
    """
    text = _contents(path)
    try:
        data = tomllib.loads(text.decode("utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: its values are nested too deeply") from None
    return parse(data, model, str(path))


def _contents(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{path}: not a file")
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{shortened(str(path), 1000)}: cannot be read ({error.strerror})"
        ) from None
    except ValueError as error:
        # Such as a NUL among its characters.
        raise ConfigError(f"{shortened(repr(str(path)))}: no path ({error})") from None
    if len(text) > MAX_BYTES:
        raise ConfigError(f"{path}: it has more than {MAX_BYTES // 1_000_000} MB")
    return text


def parse(data: dict[str, Any], model: type[SomeSection], source: str) -> SomeSection:
    """Validate a mapping; `source` names it in errors (see `load`)."""
    refuse_extremes(data, source)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        mistakes = [_sentence(dict(detail), model) for detail in error.errors(include_url=False)]
        raise ConfigError(f"{source}: {'; '.join(mistakes)}") from None


def refuse_extremes(data: Any, source: str) -> None:
    """What would break whoever looks at it; found without recursion."""
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


def _sentence(detail: dict[str, Any], model: type[BaseModel]) -> str:
    keys, section = _walk(model, detail["loc"])
    key = ".".join(keys)
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        known = sorted(section.model_fields) if section else []
        close = get_close_matches(keys[-1], known, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        return f"unknown key {key!r}: {hint}the keys here are {', '.join(known)}"
    if detail["type"] == "missing":
        return f"the key {key!r} is missing"
    if detail["type"] == "union_tag_not_found":
        return f"the key '{key}.kind' is missing: it is one of {_expected(section, detail)}"
    if detail["type"] == "union_tag_invalid":
        tag = detail["ctx"]["tag"]
        return f"{key}.kind = {tag!r}: it must be one of {detail['ctx']['expected_tags']}"
    if detail["type"] == "value_error":
        return f"{key}: {message}" if key else message
    allowed = message.replace("Input should", "it must")
    return f"{key} = {_shown(detail['input'])}: {allowed}"


def _expected(section: type[BaseModel] | None, detail: dict[str, Any]) -> str:
    field = section.model_fields.get(detail["loc"][-1]) if section else None
    members = _sections(field.annotation) if field else []
    return ", ".join(repr(tag) for member in members for tag in _tags(member))


def _walk(
    model: type[BaseModel], location: tuple[Any, ...]
) -> tuple[list[str], type[BaseModel] | None]:
    """The keys a user wrote to get to `location`, and the section that holds the last one.

    Pydantic puts the tag of a tagged union into its locations, where the file has no key.
    """
    keys: list[str] = []
    holder: type[BaseModel] | None = model
    members: list[type[BaseModel]] = [model]
    for part in location:
        tagged = [member for member in members if part in _tags(member)]
        if tagged:
            members = tagged
            continue
        keys.append(str(part))
        if isinstance(part, int):
            continue
        holder = members[0] if members else None
        field = holder.model_fields.get(part) if holder else None
        members = _sections(field.annotation) if field else []
    return keys, holder


def _sections(annotation: Any) -> list[type[BaseModel]]:
    """The sections an annotation speaks of, through unions, lists and `Annotated`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for argument in get_args(annotation) for section in _sections(argument)]


def _tags(section: type[BaseModel]) -> tuple[Any, ...]:
    field = section.model_fields.get("kind")
    return get_args(field.annotation) if field else ()


def _shown(value: Any) -> str:
    return shortened(repr(value))


def shortened(text: str, most: int = 60) -> str:
    """Text for an error message, which may be of any length."""
    return text if len(text) <= most else text[: most - 3] + "..."

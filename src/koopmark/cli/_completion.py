"""Names for a shell to complete and for scripts, found without importing what they name."""

from contextlib import suppress
from pathlib import Path

from koopmark._errors import ConfigError
from koopmark._resources import shipped


def suites() -> list[str]:
    """Names of the suites that ship with koopmark."""
    return sorted(path.stem for path in shipped("suites").glob("*.toml"))


def datasets() -> list[str]:
    """Names of the datasets that ship with koopmark."""
    return sorted(path.stem for path in shipped("datasets").glob("*.toml"))


def methods() -> list[str]:
    """Names of methods, including those that installed packages offer."""
    return _kept("methods")


def systems() -> list[str]:
    """Names of example systems, including those that installed packages offer."""
    return _kept("systems")


def described() -> list[str]:
    """What `koopmark describe` is asked for most."""
    return list(dict.fromkeys([*methods(), *datasets(), *suites(), *systems()]))


def verified() -> list[str]:
    """What `koopmark verify` knows by name."""
    return list(dict.fromkeys([*methods(), *systems(), *datasets()]))


def _kept(kind: str) -> list[str]:
    """Names from a cache file, which is written anew if the source of the package has changed.

    Importing all methods takes a second, and nobody waits that long after pressing Tab.
    """
    import platformdirs

    from koopmark._files import write_text
    from koopmark._plugins import entry_points

    package = Path(__file__).parents[1]
    newest = max(path.stat().st_mtime_ns for path in (package / kind).rglob("*.py"))
    folder = Path(platformdirs.user_cache_dir("koopmark")) / "names"
    file = folder / f"{kind}-{newest}.txt"
    try:
        names = file.read_text(encoding="utf-8").split()
    except OSError:
        names = _imported(kind)
        # If it cannot be written, it is as slow the next time.
        with suppress(OSError, ConfigError):
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.glob(f"{kind}-*.txt"):
                old.unlink()
            write_text(file, "\n".join(names))
    return [*names, *sorted(set(entry_points(f"koopmark.{kind}")) - set(names))]


def _imported(kind: str) -> list[str]:
    if kind == "methods":
        from koopmark.methods import names

        return names()
    from koopmark.systems import CATALOGUE, INEXACT

    return [*CATALOGUE, *INEXACT]

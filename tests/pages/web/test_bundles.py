"""Plotly comes from an archive whose bytes are pinned, fetched once."""

import importlib.util
import os
import shutil
import stat
from pathlib import Path

import pytest

from koopmark._errors import ConfigError
from koopmark.pages.web import _bundles

ROOT = Path(__file__).parents[3]


@pytest.fixture
def hook(monkeypatch, tmp_path):
    """The build hook, on a folder of its own that has the pins and no archive."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shutil.copy(module.VENDOR / "bundles.toml", tmp_path)
    monkeypatch.setattr(module, "VENDOR", tmp_path)
    return module


@pytest.fixture
def npm(monkeypatch, tmp_path_factory):
    """Puts a shell script in the place of npm."""

    def place(script):
        folder = tmp_path_factory.mktemp("bin")
        command = folder / "npm"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(command.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return place


@pytest.mark.parametrize("name", ["cartesian", "gl3d"])
def test_a_bundle_is_the_pinned_version_with_its_licence(name):
    bundle = _bundles.bundle(name)
    assert f"plotly.js ({name} - minified) v{bundle.version}" in bundle.script[:200]
    assert "Permission is hereby granted" in bundle.licence


def test_what_is_there_is_not_fetched_again(hook, npm):
    npm("exit 1")
    for archive in _bundles.VENDOR.glob("*.tgz"):
        shutil.copy(archive, hook.VENDOR)
    hook.vendor()


def test_what_is_fetched_is_kept(hook, npm):
    npm(f'cp "{_bundles.VENDOR}"/*.tgz .')
    hook.vendor()
    assert hook.missing() == []


def test_another_folder_has_pins_and_archives_of_its_own(hook, npm, tmp_path_factory):
    npm(f'cp "{_bundles.VENDOR}"/*.tgz .')
    other = tmp_path_factory.mktemp("other")
    shutil.copy(hook.VENDOR / "bundles.toml", other)
    hook.vendor(other)
    assert hook.missing(other) == []
    assert len(hook.missing()) == 2


def test_other_bytes_than_the_pinned_ones_are_refused(hook, npm):
    npm('echo other > "$(echo "$2" | tr @ -).tgz"')
    with pytest.raises(hook.Unavailable, match="does not have the sha512 in"):
        hook.vendor()
    assert list(hook.VENDOR.glob("*.tgz")) == []


def test_a_bundle_that_cannot_be_fetched_is_said_in_a_sentence(hook, npm):
    npm("exit 1")
    with pytest.raises(hook.Unavailable, match=r"could not fetch plotly\S+ \S+ \(exit code 1\)"):
        hook.vendor()


def test_without_npm_the_build_asks_for_the_package_that_has_it(hook, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(hook.importlib.util, "find_spec", lambda name: None)
    asked = hook.VendorBundles.dependencies(None)
    assert asked == [hook.NODE]
    with pytest.raises(hook.Unavailable, match="without npm: install npm, or run"):
        hook.vendor()


def test_a_page_without_its_bundle_is_a_sentence(monkeypatch, tmp_path):
    shutil.copy(_bundles.VENDOR / "bundles.toml", tmp_path)
    monkeypatch.setattr(_bundles, "VENDOR", tmp_path)
    with pytest.raises(ConfigError, match="is missing, which the figures of pages need: run `make"):
        _bundles.bundle.__wrapped__("cartesian")

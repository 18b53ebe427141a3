"""Bundles to be tampered with."""

from shutil import copytree

import pytest

from tests.hostile.ten_images import RUN_ID, write_ten_images


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """An archive with one whole bundle, to be copied."""
    archive = tmp_path_factory.mktemp("made") / "reports"
    write_ten_images(archive)
    return archive


@pytest.fixture
def bundle(made, tmp_path):
    """A copy of the bundle, in an archive of its own."""
    copytree(made, tmp_path / "reports")
    return tmp_path / "reports" / "m" / RUN_ID

"""What somebody may have put in the place of a file of a bundle: each kind by name, made at a path."""

import os
import socket
from pathlib import Path

import pytest


def _socket(path):
    at = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(at)


def _device(path):
    try:
        os.mknod(path, 0o20666, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("NOT RUN: devices can be made by root alone")


def _linked_chain(path):
    path.with_name(f"{path.name} too").symlink_to("/etc/hostname")
    path.symlink_to(f"{path.name} too")


def _beside(path):
    path.with_name("beside").write_bytes(b"beside")
    path.symlink_to("beside")


ODD_FILES = {
    "a link to a file of the system": lambda path: path.symlink_to("/etc/passwd"),
    "a link to a file outside, by ..": lambda path: path.symlink_to("../../../outside"),
    "a link to a file beside it": _beside,
    "a link to a link": _linked_chain,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to the terminal": lambda path: path.symlink_to("/dev/stdin"),
    "a named pipe": os.mkfifo,
    "a socket": _socket,
    "a device": _device,
    "a folder": lambda path: path.mkdir(),
}
odd_files = pytest.mark.parametrize("kind", ODD_FILES)


def put(kind, path):
    """What is at `path` gives way to something of this kind."""
    if path.is_dir() and not path.is_symlink():
        path.rename(path.with_name(f"former {path.name}"))
    else:
        path.unlink(missing_ok=True)
    ODD_FILES[kind](path)
    return path

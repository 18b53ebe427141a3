"""Which format a file or folder has: told by its first bytes, the members of a zip or tar, the files of a folder.

A file's name decides only where its content cannot (ONNX has no first bytes of its own).
"""

import pickletools
import tarfile
import zipfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Literal

from reportgen.inputs.json_text import MAX_JSON_BYTES
from reportgen.inputs.plain_files import read_regular, refuse_other

# What zipfile raises for a file that is no whole zip: also features and flags that it does not know.
NO_ZIP = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError)
ReadableFormat = Literal[
    "torch", "torch_legacy", "safetensors", "hugging_face", "timm", "torchscript", "exported_program"
]
UnreadableFormat = Literal[
    "git_lfs",
    "git_annex",
    "dvc",
    "html",
    "xml",
    "json",
    "text",
    "empty",
    "zeros",
    "cut_zip",
    "zip",
    "tar",
    "compressed",
    "torch_tar",
    "torch_package",
    "torchserve",
    "torch_unpacked",
    "pickle",
    "npy",
    "npz",
    "hdf5",
    "keras",
    "tensorflow",
    "tflite",
    "onnx",
    "gguf",
    "coreml",
    "image",
    "sharded_torch",
    "folder",
    "unknown",
]
FileFormat = Literal[ReadableFormat, UnreadableFormat]

_STARTS: tuple[tuple[bytes, FileFormat], ...] = (
    (b"version https://git-lfs.github.com/spec/", "git_lfs"),
    # torch's magic number 0x1950a86a20f9469cfc6c, pickled; the three pickles of the old format follow.
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "torch_legacy"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"\x93NUMPY", "npy"),
    (b"GGUF", "gguf"),
    (b"\x1f\x8b", "compressed"),
    (b"BZh", "compressed"),
    (b"\xfd7zXZ\x00", "compressed"),
    (b"\x28\xb5\x2f\xfd", "compressed"),
    (b"7z\xbc\xaf\x27\x1c", "compressed"),
    (b"Rar!\x1a\x07", "compressed"),
    *((b"x" + level, "compressed") for level in (b"\x01", b"^", b"\x9c", b"\xda")),  # zlib: joblib.dump(compress=3)
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
)
_ENDINGS: dict[str, FileFormat] = {
    ".onnx": "onnx",
    ".pb": "tensorflow",
    ".index": "tensorflow",
    ".tflite": "tflite",
    ".mlmodel": "coreml",
    ".h5": "hdf5",
    ".keras": "keras",
}
_MEMBERS: tuple[
    tuple[FileFormat, Callable[[set[str]], bool]], ...
] = (  # of a zip, below its one top folder if it has one
    ("exported_program", lambda names: "archive_format" in names or "serialized_exported_program.json" in names),
    ("torch_package", lambda names: ".data/extern_modules" in names),
    ("torchscript", lambda names: "constants.pkl" in names),
    ("torch", lambda names: "data.pkl" in names),
    ("keras", lambda names: "model.weights.h5" in names),
    ("torchserve", lambda names: "MANIFEST.json" in names),
    ("npz", lambda names: bool(names) and all(name.endswith(".npy") for name in names)),
)


_FEW = 100  # members of a tar


def file_format_of(path: Path) -> FileFormat:
    """The format of what lies at `path`, read as little as tells it. Raises OSError when it cannot be read at all."""
    if path.is_dir():
        return _kind_of_folder(path)
    refuse_other(path, path.stat().st_mode)
    with path.open("rb") as file:
        head = file.read(2048)
    size = path.stat().st_size
    if not head:
        return "empty"
    found = next((kind for start, kind in _STARTS if head.startswith(start)), None)
    if found:
        return found
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(path)
    if len(head) > 8 and head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") < 100_000_000:
        return "safetensors"  # also where it is cut: what is lacking is told when it is read
    return _kind_of_text(head) or _kind_of_bytes(path, head, size)


def _kind_of_folder(path: Path) -> FileFormat:
    names = {child.name for child in path.iterdir()}
    if "config.json" in names:
        # timm's own, and what transformers' wrapper of timm saves; the `architectures` of other models end in an s.
        return (
            "timm"
            if b'"architecture"' in read_regular(path / "config.json", most_bytes=MAX_JSON_BYTES)
            else "hugging_face"
        )
    if "saved_model.pb" in names:
        return "tensorflow"
    if "data.pkl" in names or any((path / name / "data.pkl").is_file() for name in names):
        return "torch_unpacked"  # the Mac's archive program opens a .pth as it does any zip
    if ".metadata" in names or "zero_to_fp32.py" in names or any(name.endswith(".distcp") for name in names):
        return "sharded_torch"
    return "folder"


def _kind_of_zip(path: Path) -> FileFormat:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except NO_ZIP:
        return "cut_zip"
    below = {name.partition("/")[2] or name for name in names} | set(names)
    return next((kind for kind, has_its_members in _MEMBERS if has_its_members(below)), "zip")


def _kind_of_text(head: bytes) -> FileFormat | None:
    """None when it is no text. A text cut in the middle of a letter is still a text."""
    try:
        text = head.decode("utf-8-sig", errors="strict" if len(head) < 2048 else "ignore").strip()
    except UnicodeDecodeError:
        return None
    if not text or not all(letter.isprintable() or letter in "\r\n\t\f" for letter in text):
        return None
    start = text[:1024].lower()
    texts: dict[FileFormat, bool] = {
        "git_annex": "/annex/objects/" in start and len(text) < 1024,
        "dvc": start.startswith(("outs:", "md5:")) and "path:" in start,
        "html": start.startswith(("<!doctype html", "<html")) or (start[0] == "<" and "<head" in start),
        "xml": start[0] == "<",
        "json": start[0] in "{[",
    }
    return next((kind for kind, is_it in texts.items() if is_it), "text")


def _kind_of_bytes(path: Path, head: bytes, size: int) -> FileFormat:
    if head[0] == 0x80 and head[1:2] and head[1] in range(2, 6) and _starts_a_pickle(head):
        return "pickle"
    if head[4:8] == b"TFL3":
        return "tflite"
    if not any(head) and size >= len(head):
        return "zeros"
    if (of_tar := _kind_of_tar(path)) is not None:
        return of_tar
    if head[:1] == b"\x08" and head[2:3] == b"\x12" and b"\x1a" in head[:64]:
        return "onnx"  # protobuf: ir_version, then the producer's name and version
    return _ENDINGS.get(path.suffix.lower(), "unknown")


def _starts_a_pickle(head: bytes) -> bool:
    """Whether the opcodes can be read as far as `head` goes."""
    n_read = 0
    try:
        for _ in pickletools.genops(head):
            n_read += 1
    except Exception:  # noqa: BLE001  # a pickle goes on behind the head, or these are none: it raises many kinds
        return n_read >= 2
    return True


def _kind_of_tar(path: Path) -> FileFormat | None:
    """None when it is none. The first members tell the kind; what is compressed, and may have no end, is not read."""
    names = set()
    try:
        with tarfile.open(path, "r:") as archive:
            for member in islice(archive, _FEW):
                names.add(Path(member.name).name)
    except (tarfile.TarError, OSError, EOFError, ValueError):
        return "tar" if names else None
    return "torch_tar" if {"sys_info", "pickle", "storages", "tensors"} <= names else "tar"

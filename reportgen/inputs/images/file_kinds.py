"""What a file is by its first bytes (magic numbers), in words, with what to do; for files that are no readable picture.

Git LFS pointer, HTML page, HEIC, JPEG XL, PSD, camera raw, SVG, PDF, video, archive, text and others.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

_FETCHED_BY = {
    "annex/objects": "fetch the files with `git annex get`",
    "dvc/cache": "fetch the files with `dvc pull`",
    "dvc/files": "fetch the files with `dvc pull`",
}
N_BYTES = 1024  # so much of a file is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """`name` says what the file is, `todo` what a user does about it; `is_picture`: it could be read were it whole."""

    name: str
    todo: str
    is_picture: bool = False

    def __str__(self) -> str:
        return f"{self.name}; {self.todo}"

    def told(self, detail: str) -> str:
        """Its text with what this one file has to add."""
        return f"{self.name} ({detail.replace(';', ',')}); {self.todo}"


_CONVERT = "convert it to JPEG or PNG"
_REMOVE = "take it out of the data set"
_ANEW = "fetch the file anew"
_RAW = "convert it to JPEG or PNG as it was for the training"

EMPTY = FileKind(name="an empty file (0 bytes)", todo=_ANEW)
ZEROS = FileKind(name="nothing but zero bytes", todo=f"{_ANEW}, the copy or the disk failed")
DANGLING = FileKind(
    name="a link to a file that is not there",
    todo="fetch what it points to (such as with `dvc pull` or `git annex get`), or remove the link",
)
GONE = FileKind(name="no such file", todo="restore it, or take it out of the data set")
FORBIDDEN = FileKind(name="no permission to read it", todo="give the user of reportgen the right to read it")
NO_FILE = FileKind(name="no file but a folder, pipe, socket or device", todo=_REMOVE)
TOO_LARGE = FileKind(name="too large for an image", todo="scale it down or cut it")
CUT = FileKind(name="an image whose end is missing", todo=_ANEW)
UNKNOWN = FileKind(name="not an image", todo=f"{_CONVERT}, or {_REMOVE}")
UNREAD = FileKind(name="not readable", todo="look at the path and the disk")

_LFS = FileKind(name="a Git LFS pointer, not the file itself", todo="fetch the files with `git lfs pull`")
_ANNEX = FileKind(name="a git-annex pointer, not the file itself", todo="fetch the files with `git annex get`")
_ICLOUD = FileKind(name="an iCloud placeholder, not the file itself", todo="download the folder from iCloud first")
_HTML = FileKind(name="an HTML page", todo=f"{_ANEW}, the download gave a page (a login, an error)")
_XML = FileKind(name="an XML document", todo=f"{_ANEW} if it should be an image, else {_REMOVE}")
_JSON = FileKind(name="a JSON document", todo=f"{_ANEW} if it should be an image, else {_REMOVE}")
_TEXT = FileKind(name="text", todo=_REMOVE)
_SVG = FileKind(name="an SVG drawing", todo="draw it as PNG in the size of the training")

# ISO base media files tell their brand after "ftyp" at byte 4.
_BRANDS: Mapping[bytes, FileKind] = {
    **dict.fromkeys(
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2"),
        FileKind(name="HEIC or HEIF, which is not supported", todo=_CONVERT),
    ),
    **dict.fromkeys((b"avif", b"avis"), FileKind(name="AVIF that cannot be decoded here", todo=_CONVERT)),
    b"crx ": FileKind(name="Canon raw (CR3)", todo=_RAW),
    b"jxl ": FileKind(name="JPEG XL, which is not supported", todo=_CONVERT),
}
_VIDEO = FileKind(name="a video", todo="take single frames out of it")
_EPS = FileKind(name="a PostScript drawing (EPS)", todo="draw it as PNG in the size of the training")
_HEADS: tuple[tuple[bytes, FileKind], ...] = (  # the first that fits
    (b"version https://git-lfs.github.com/", _LFS),
    (b"version https://hawser.github.com/", _LFS),
    (b"/annex/objects/", _ANNEX),
    (b"bplist00", _ICLOUD),
    (b"\xff\x0a", _BRANDS[b"jxl "]),
    (b"\x00\x00\x00\x0cJXL ", _BRANDS[b"jxl "]),
    (b"8BPS", FileKind(name="a Photoshop document (PSD)", todo=_CONVERT)),
    (b"gimp xcf", FileKind(name="a GIMP document (XCF)", todo=_CONVERT)),
    (b"AT&TFORM", FileKind(name="DjVu", todo=_CONVERT)),
    (b"II*\x00\x10\x00\x00\x00CR", FileKind(name="Canon raw (CR2)", todo=_RAW)),
    (b"HEAPCCDR", FileKind(name="Canon raw (CRW)", todo=_RAW)),
    (b"FUJIFILMCCD-RAW", FileKind(name="Fujifilm raw (RAF)", todo=_RAW)),
    *((head, FileKind(name="Olympus raw (ORF)", todo=_RAW)) for head in (b"IIRO", b"IIRS", b"MMOR")),
    (b"IIU\x00", FileKind(name="Panasonic or Leica raw (RW2)", todo=_RAW)),
    (b"\x00MRM", FileKind(name="Minolta raw (MRW)", todo=_RAW)),
    (b"FOVb", FileKind(name="Sigma raw (X3F)", todo=_RAW)),
    (b"%PDF-", FileKind(name="a PDF document", todo="take the images out of it (pdfimages) or remove it")),
    (b"%!PS", _EPS),
    (b"\xc5\xd0\xd3\xc6", _EPS),  # with a preview before it
    (b"\xd7\xcd\xc6\x9a", FileKind(name="a Windows drawing (WMF)", todo=_CONVERT)),
    (b"L\x00\x00\x00\x01\x14\x02\x00", FileKind(name="a Windows shortcut (.lnk)", todo="copy the file itself")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind(name="an Office document or thumbnail database", todo=_REMOVE)),
    (b"PK\x03\x04", FileKind(name="a zip archive or an Office document", todo="unpack it, or take it out")),
    (b"\x1f\x8b", FileKind(name="a gzip archive", todo="unpack it (gunzip)")),
    (b"7z\xbc\xaf\x27\x1c", FileKind(name="a 7z archive", todo="unpack it")),
    (b"Rar!\x1a\x07", FileKind(name="a RAR archive", todo="unpack it")),
    (b"BZh", FileKind(name="a bzip2 archive", todo="unpack it (bunzip2)")),
    (b"\xfd7zXZ\x00", FileKind(name="an xz archive", todo="unpack it (unxz)")),
    (b"\x28\xb5\x2f\xfd", FileKind(name="a Zstandard archive", todo="unpack it (unzstd)")),
    (b"\x93NUMPY", FileKind(name="a NumPy array (.npy)", todo=_CONVERT)),
    (b"\x89HDF\r\n\x1a\n", FileKind(name="an HDF5 file", todo="export its images as PNG")),
    (b"SIMPLE  =", FileKind(name="a FITS file", todo=_CONVERT)),
    (b"PAR1", FileKind(name="a Parquet table", todo="export its images as PNG")),
    (b"SQLite format 3\x00", FileKind(name="an SQLite database", todo=_REMOVE)),
    (b"\x1aE\xdf\xa3", _VIDEO),
    (b"\x00\x00\x01\xba", _VIDEO),
    (b"\x00\x00\x01\xb3", _VIDEO),
    (b"FLV\x01", _VIDEO),
    (b"0&\xb2u\x8ef\xcf\x11", _VIDEO),
    (b"OggS", FileKind(name="an Ogg video or sound", todo=_REMOVE)),
    (b"ID3", FileKind(name="a sound (MP3)", todo=_REMOVE)),
    (b"\x7fELF", FileKind(name="a program", todo=_REMOVE)),
    (b"MZ", FileKind(name="a Windows program", todo=_REMOVE)),
    (b"\x80\x02", FileKind(name="a Python pickle", todo=_REMOVE)),
    (b"\x80\x04", FileKind(name="a Python pickle", todo=_REMOVE)),
)
_RIFF: Mapping[bytes, FileKind] = {b"AVI ": _VIDEO, b"WAVE": FileKind(name="a sound (WAV)", todo=_REMOVE)}
_TIFF = FileKind(name="a TIFF variant or a camera's raw file (DNG, NEF, ARW)", todo=_CONVERT, is_picture=True)
_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
)


def file_kind(head: bytes) -> FileKind | None:
    """What a file with the first bytes `head` is, when that is known and no picture that can be read."""
    if not head:
        return EMPTY
    if not head.strip(b"\x00"):
        return ZEROS
    if found := next((kind for magic, kind in _HEADS if head.startswith(magic)), None):
        return found
    return next((kind for look in _LOOKS if (kind := look(head))), None)


def gone(path: Path) -> FileKind:
    """What a path to nothing is: tables written on Windows hold backslashes."""
    return replace(GONE, todo="write its path with / instead of \\") if "\\" in path.name else GONE


def dangling(link: Path) -> FileKind:
    """What a link to nothing is: git-annex and DVC keep files out of the working tree until they are fetched."""
    target = link.readlink().as_posix()
    fetch = next((how for place, how in _FETCHED_BY.items() if place in target), None)
    return replace(DANGLING, todo=fetch) if fetch else DANGLING


def _media(head: bytes) -> FileKind | None:
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _VIDEO
    return _BRANDS.get(head[8:12], _VIDEO) if head[4:8] == b"ftyp" else None


def _container(head: bytes) -> FileKind | None:
    if head[128:132] == b"DICM":
        return FileKind(name="a DICOM file", todo=f"{_CONVERT} with the window of the training")
    if head[257:262] == b"ustar":
        return FileKind(name="a tar archive", todo="unpack it (tar -xf)")
    if head[344:348] in (b"n+1\x00", b"ni1\x00"):
        return FileKind(name="a NIfTI volume", todo="export its slices as PNG")
    return _RIFF.get(head[8:12]) if head.startswith(b"RIFF") else None


def _damaged(head: bytes) -> FileKind | None:
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return _TIFF
    is_webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    form = "WebP" if is_webp else next((name for magic, name in _PICTURES if head.startswith(magic)), None)
    return FileKind(name=f"a damaged {form} file", todo=_ANEW, is_picture=True) if form else None


def _written(head: bytes) -> FileKind | None:
    try:
        text = head.decode("utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data" or error.start < len(head) - 4:
            return None
        text = head[: error.start].decode("utf-8-sig", "ignore")
    if any(ord(letter) < 32 and letter not in "\t\n\r\f" for letter in text):
        return None
    start = text.lstrip().lower()
    for pattern, kind in (
        (r"<!doctype html|<html|<head|<body|<script", _HTML),
        (r"<svg|(<\?xml|<!--|<!doctype svg)[\s\S]*<svg", _SVG),
        (r"<\?xml|<[a-z!]", _XML),
        (r"\{\s*[\"}]|\[\s*(?:[\"{\]\d-]|\[\s*[\"\[{\d-])", _JSON),  # not TOML's [table]
    ):
        if re.match(pattern, start):
            return kind
    return _TEXT


_LOOKS: tuple[Callable[[bytes], FileKind | None], ...] = (_media, _container, _damaged, _written)


def common_advice(reasons: Iterable[str]) -> str | None:
    """What to do about the cause that half or more of the unreadable files share; None when no cause is so common.

    `reasons` are the texts of UnreadableImageError.
    """
    found = [reason.rpartition("; ")[::2] for reason in reasons]
    causes = Counter(found).most_common(1)
    (name, todo), n = causes[0] if causes else (("", ""), 0)
    return todo if name and 2 * n >= len(found) else None

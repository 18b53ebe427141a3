"""A model's folder in the archive: whatever the model is called, one path component that no other model gets.

Letters and digits of any script, dot, hyphen, underscore and blank stand as they are; everything else, and what would
make the name special to a file system or to the archive, is percent-encoded as in a URL: timm/resnet10t lies in
timm%2Fresnet10t. A name that is too long, or that differs from another folder's by case alone, ends in ~ and a hash.
"""

import hashlib
import re
from pathlib import Path
from unicodedata import normalize

from reportgen.inputs.plain_files import held_folder, names_in

_LONGEST = 200  # bytes; most file systems take 255, and hidden names beside it are longer
_MEANT = 8  # hexadecimal digits of the hash
# A device of Windows, with any ending; the archive's own links and pages.
_SPECIAL = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?|latest|index(\.[a-z]{2,3})?\.html", re.IGNORECASE | re.DOTALL
)
_KEPT = "._- "


def folder_name(model: str) -> str:
    """The folder's name. NFC and NFD give the same; without the hash it is undone by `urllib.parse.unquote`."""
    name = normalize("NFC", model)
    encoded = "".join(letter if letter.isalnum() or letter in _KEPT else _percent(letter) for letter in name)
    if not name or name[0] in ". " or _SPECIAL.fullmatch(name):
        encoded = _percent(name[:1] or " ") + encoded[1:]
    if encoded[-1] in ". ":  # Windows drops it
        encoded = encoded[:-1] + _percent(encoded[-1])
    return encoded if len(encoded.encode()) <= _LONGEST else _hashed(_cut(encoded), name)


def model_folder(archive: Path, model: str) -> Path:
    """Where the runs of `model` go in `archive`, which need not exist.

    A folder whose name differs by case or Unicode normalisation alone belongs to another model, which some file systems
    would not keep apart.
    """
    wanted = folder_name(model)
    there = set(_names(archive)) if archive.is_dir() else set()
    taken = wanted not in there and _folded(wanted) in {_folded(name) for name in there}
    return archive / (_hashed(wanted, model) if taken else wanted)


def model_folders(archive: Path, model: str) -> tuple[Path, ...]:
    """The folder of `model`, and where versions before this rule put it, if that is there: OUT/timm/resnet10t."""
    now, before = model_folder(archive, model), archive / model
    inside = before != archive and before.is_relative_to(archive) and ".." not in before.parts
    return (now, before) if inside and before != now and before.is_dir() and not before.is_symlink() else (now,)


def model_in(place: str, told: str) -> str:
    """The model of the folder `place`, relative to the archive; `told`: what its run calls the model, or ""."""
    own = folder_name(told) if told else ""
    return told if place in (told, own, _hashed(own, told)) else place


def archive_of(bundle_dir: Path, model: str) -> Path:
    """The archive of a bundle of `model`: its folder's parent, or further up where an older version nested it."""
    nested = model.split("/")
    if bundle_dir.parts[-1 - len(nested) : -1] == tuple(nested):
        return bundle_dir.parents[len(nested)]
    return bundle_dir.parent.parent


def _names(folder: Path) -> tuple[str, ...]:
    with held_folder(folder) as at:
        return names_in(at)


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode(errors="surrogatepass"))


def _hashed(encoded: str, model: str) -> str:
    digest = hashlib.sha256(normalize("NFC", model).encode(errors="surrogatepass")).hexdigest()
    return f"{encoded}~{digest[:_MEANT]}"


def _cut(encoded: str) -> str:
    short = encoded.encode()[: _LONGEST - _MEANT - 1].decode(errors="ignore")
    return re.sub("%[0-9A-F]?$", "", short)


def _folded(name: str) -> str:
    return normalize("NFC", normalize("NFC", name).casefold())

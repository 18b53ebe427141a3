"""The folder mail/ of a bundle: its files come after the manifest; that they are plain files is all that is known."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from reportgen.deliver.writing import put_files, translate_os_errors
from reportgen.inputs.plain_files import NotPlainError, entry_kind, held_below, held_folder, names_in, read_plain
from reportgen.runs.bundle_files import damaged, error_reason

MAIL = "mail"
_LARGEST = 2**30  # of one file; a mail is as large as a server takes


def mail_files(bundle_dir: Path) -> Mapping[str, bytes]:
    """All of them by name; none where nobody was mailed yet. Raises InputError for what is no plain file, OSError."""
    with _odd_is_damage(bundle_dir), held_folder(bundle_dir) as at:
        if entry_kind(at, MAIL) is None:
            return {}
        with held_below(at, MAIL) as mail:
            return {name: read_plain(mail, name, most_bytes=_LARGEST) for name in names_in(mail)}


def read_mail_file(bundle_dir: Path, name: str, *, most_bytes: int) -> bytes | None:
    """One of them; None where it is missing. Raises InputError for what is no plain file, OSError."""
    missing = suppress(FileNotFoundError)
    with _odd_is_damage(bundle_dir), missing, held_folder(bundle_dir, MAIL) as mail:
        return read_plain(mail, name, most_bytes=most_bytes)
    return None


def write_mail_files(bundle_dir: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Each whole, in place of an older one. Raises InputError where mail/ is a link or no folder, DeliveryError."""
    with translate_os_errors(f"folder {bundle_dir / MAIL}"), _odd_is_damage(bundle_dir), held_folder(bundle_dir) as at:
        with suppress(FileExistsError):
            os.mkdir(MAIL, dir_fd=at)  # pathlib knows no descriptors
        with held_below(at, MAIL) as mail:
            put_files(mail, files)
    return tuple(bundle_dir / MAIL / name for name in files)


@contextmanager
def _odd_is_damage(bundle_dir: Path) -> Iterator[None]:
    try:
        yield
    except NotPlainError as error:
        where = MAIL if error.filename == MAIL else f"{MAIL}/{error.filename}"
        raise damaged(bundle_dir, f"{where}: {error_reason(error)}") from error

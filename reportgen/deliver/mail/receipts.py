"""Who got the mail of a run: <bundle>/mail/receipts.json."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from reportgen.deliver.mail.folder import MAIL, read_mail_file, write_mail_files
from reportgen.errors import DeliveryError, InputError, in_one_line
from reportgen.runs.bounded_files import typed_json

_NAME = "receipts.json"
_LARGEST = 2**26  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """For one person. sending: the text was going out and its end is not known (the process died, or the connection).

    at: the time of the mail, ISO 8601.
    """

    to: str
    state: Literal["sending", "delivered"]
    at: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Receipts:
    """The file, by key of the address. A state that is none must not pass for an unsent mail."""

    receipts: Mapping[str, Receipt]


def read_receipts(bundle_dir: Path) -> dict[str, Receipt]:
    """By key of the address; empty when nobody was mailed. Raises InputError for a damaged file, DeliveryError."""
    try:
        found = read_mail_file(bundle_dir, _NAME, most_bytes=_LARGEST)
        stored: _Receipts = (
            typed_json({_NAME: found}, _NAME, _Receipts) if found is not None else _Receipts(receipts={})
        )
    except (OSError, ValueError) as error:
        kind = DeliveryError if isinstance(error, OSError) else InputError
        raise kind(
            str(bundle_dir / MAIL / _NAME),
            found=in_one_line(error),
            expected="the receipts of a run's mail",
            todo="restore it; if you remove it, everybody counts as not yet mailed",
        ) from error
    return dict(stored.receipts)


def write_receipts(bundle_dir: Path, receipts: Mapping[str, Receipt]) -> None:
    """Takes the place of the old file whole. Raises DeliveryError."""
    content = {"schema_version": 1, "receipts": {key: asdict(receipts[key]) for key in sorted(receipts)}}
    write_mail_files(bundle_dir, {_NAME: (json.dumps(content, indent=1) + "\n").encode()})

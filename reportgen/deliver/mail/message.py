"""The message as bytes: plain text first, then HTML, then the PDF."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from reportgen.deliver.mail.settings import MailSettings
from reportgen.errors import DeliveryError
from reportgen.render.message import MailText

_SEVEN_BIT = SMTP.clone(cte_type="7bit")  # so that every server takes it as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfVersion:
    """The PDF in one size, None for no PDF at all. omitted: in words what it leaves out, "" for nothing."""

    content: bytes | None
    omitted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message ready to send, as bytes with CRLF line ends. date: ISO 8601. omitted: as in PdfVersion."""

    content: bytes
    file_name: str
    message_id: str
    date: str
    omitted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What all versions of the message share. `words` gives the text of a version by what it leaves out."""

    contract: Mapping[str, Any]
    settings: MailSettings
    now: datetime
    words: Callable[[str], MailText]


def first_that_fits(draft: Draft, versions: Iterable[PdfVersion]) -> Letter:
    """The first version whose whole message has at most max_bytes; no version after it is made.

    Raises DeliveryError when none fits.
    """
    n_bytes = None
    for version in versions:
        letter = _letter(draft, version)
        n_bytes = len(letter.content)
        if n_bytes <= draft.settings.max_bytes:
            return letter
    raise DeliveryError(
        f"mail of run {draft.contract['run_id']}",
        found=f"{n_bytes:,} bytes in the smallest form" if n_bytes else "no form of it could be made",
        expected=f"at most {draft.settings.max_bytes:,} bytes",
        todo="raise max_bytes in [mail]",
    )


def _letter(draft: Draft, version: PdfVersion) -> Letter:
    """The Message-ID is the run's, so that mail programs know the same mail again."""
    contract, settings, words = draft.contract, draft.settings, draft.words(version.omitted)
    run_id = _in_ascii(contract["run_id"])
    message = EmailMessage(policy=_SEVEN_BIT)
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.recipients.values())
    message["Subject"] = words.subject
    message["Date"] = draft.now
    message["Message-ID"] = f"<{run_id}@{settings.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words.text)
    message.add_alternative(words.html, subtype="html")
    if version.content is not None:
        name = f"report-{_in_ascii(contract['model']['name'])}-{run_id}.pdf"
        message.add_attachment(version.content, maintype="application", subtype="pdf", filename=name)
    return Letter(
        content=message.as_bytes(),
        file_name=f"{run_id}.eml",
        message_id=message["Message-ID"],
        date=draft.now.isoformat(),
        omitted=version.omitted,
    )


def _in_ascii(text: str) -> str:
    """The text as a part of a file name, whatever it holds."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text)

"""One message to several people over SMTP, step by step, so that for each of them it is known how it ended.

A server may deliver a message from the moment it has the line that ends it (RFC 5321, 4.1.1.4 and 6.1). What fails
before that line can be tried again; what fails after it, before the server's answer, cannot.
"""

import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from reportgen.deliver.mail.bounded_smtp import BoundedSMTP
from reportgen.deliver.mail.settings import MailSettings
from reportgen.errors import ConfigError, in_one_line
from reportgen.redaction import REDACTED, repeats
from reportgen.render.message import one_line

DeliveryState = Literal["delivered", "refused", "deferred", "unknown"]
_LONGEST_WORDS = 200
_LONGEST_WAIT_S = 3600
_LONGEST_TIMES = 20  # how many times the limit of one step an attempt may take in all, for a server that goes on slowly
_CHUNK_BYTES = 1 << 16  # the time limit of a socket holds for one call: for the whole text it would be a speed limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended for one person, in the server's words (one line, bounded).

    refused: for good. deferred: it may work later. unknown: the text was out and no answer came.
    """

    state: DeliveryState
    words: str


def attempts(
    content: bytes, to: tuple[str, ...], settings: MailSettings, *, commit: Callable[[tuple[str, ...]], None]
) -> Iterator[Mapping[str, Ending]]:
    """After each attempt how it ended, by address, for those that it was made for: at first all, then the deferred.

    At most settings.n_attempts. `commit` is called with the addresses that the server took, when the text is out and
    the line that ends it is not; if it raises, nothing is delivered. Raises ConfigError for an unreadable ca_file.
    """
    pending = to
    for number in range(settings.n_attempts):
        if number:
            time.sleep(min(settings.wait_s * 2 ** (number - 1), _LONGEST_WAIT_S))
        endings = _attempt(content, pending, settings, commit)
        yield endings
        pending = tuple(address for address in pending if endings[address].state == "deferred")
        if not pending:
            return


def _attempt(
    content: bytes, to: tuple[str, ...], settings: MailSettings, commit: Callable[[tuple[str, ...]], None]
) -> dict[str, Ending]:
    endings: dict[str, Ending] = {}
    secrets = tuple(filter(None, (settings.password,)))
    try:
        with _session(settings) as smtp:
            _expect(2, smtp.mail(settings.sender, [f"size={len(content)}"] if smtp.has_extn("size") else []))
            for address in to:
                code, words = smtp.rcpt(address)
                if code // 100 != 2:
                    endings[address] = _answer(code, words, secrets)
            taken = tuple(address for address in to if address not in endings)
            if taken:
                _send_text(smtp, content)
                commit(taken)
                endings |= dict.fromkeys(taken, _end_of_text(smtp, secrets))
    except OSError as error:  # smtplib's own errors are among them
        endings |= {address: _ending(error, secrets) for address in to if address not in endings}
    return endings


@contextmanager
def _session(settings: MailSettings) -> Iterator[smtplib.SMTP]:
    """Connected, encrypted, logged in. Left by QUIT when all went well, else the connection is dropped.

    Dropped too when it has lasted _LONGEST_TIMES the time of one step.
    """
    with closing(_connected(settings)) as smtp:
        smtp.ehlo_or_helo_if_needed()
        if settings.tls == "starttls":
            smtp.starttls(context=_trust(settings))
            smtp.ehlo_or_helo_if_needed()
        if settings.user is not None and settings.password is not None:
            smtp.login(settings.user, settings.password)
        yield smtp
        with suppress(OSError):
            smtp.quit()


def _connected(settings: MailSettings) -> smtplib.SMTP:
    return BoundedSMTP(
        settings.host or "",
        settings.port_in_use,
        timeout_s=settings.timeout_s,
        limit_s=settings.timeout_s * _LONGEST_TIMES,
        context=_trust(settings) if settings.tls == "implicit" else None,
    )


def _trust(settings: MailSettings) -> ssl.SSLContext:
    """Certificates and host names are checked; smtplib by itself checks neither."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ConfigError(
            "[mail] ca_file",
            found=f"{settings.ca_file}: {in_one_line(error)}",
            expected="certificates in PEM",
            todo="correct it",
        ) from error


def _send_text(smtp: smtplib.SMTP, content: bytes) -> None:
    """The text after DATA, without the line that ends it. content: lines end in CRLF."""
    _expect(3, smtp.docmd("DATA"))
    stuffed = re.sub(rb"(?m)^\.", b"..", content)
    for start in range(0, len(stuffed), _CHUNK_BYTES):
        smtp.send(stuffed[start : start + _CHUNK_BYTES])


def _end_of_text(smtp: smtplib.SMTP, secrets: tuple[str, ...]) -> Ending:
    """The line that ends the text, and the answer to it; from here on a silence means nothing."""
    try:
        smtp.send(b".\r\n")
        return _answer(*smtp.getreply(), secrets, otherwise="unknown")
    except OSError as error:
        return Ending(state="unknown", words=_told(in_one_line(error), secrets))


def _expect(first_digit: int, reply: tuple[int, bytes]) -> None:
    if reply[0] // 100 != first_digit:
        raise smtplib.SMTPResponseException(*reply)


def _answer(code: int, words: bytes, secrets: tuple[str, ...], *, otherwise: DeliveryState = "deferred") -> Ending:
    states: dict[int, DeliveryState] = {2: "delivered", 4: "deferred", 5: "refused"}
    told = f"{code} {_told(words.decode(errors='replace'), secrets)}"
    return Ending(state=states.get(code // 100, otherwise), words=told[:_LONGEST_WORDS])


def _ending(error: OSError, secrets: tuple[str, ...]) -> Ending:
    """Before the end of the text. Connections that drop may work later; a wrong certificate or a refusal may not."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        return _answer(error.smtp_code, words, secrets)
    dropped = isinstance(error, smtplib.SMTPServerDisconnected) or not isinstance(
        error, smtplib.SMTPException | ssl.SSLCertVerificationError
    )
    return Ending(state="deferred" if dropped else "refused", words=_told(in_one_line(error), secrets))


def _told(words: str, secrets: tuple[str, ...]) -> str:
    """The server's words: one line, bounded, and none of them where they repeat what it was told in confidence."""
    return REDACTED if repeats(words, secrets) else one_line(words)[:_LONGEST_WORDS]

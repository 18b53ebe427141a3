"""Whom to mail and by which server: refused before anything is sent where it cannot work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from reportgen.errors import ConfigError

Tls = Literal["starttls", "implicit", "none"]
_USUAL_PORTS: Mapping[Tls, int] = MappingProxyType({"starttls": 587, "implicit": 465, "none": 25})
_LONGEST_ADDRESS, _LONGEST_LINK = 254, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The table [mail], and user and password from the environment. Raises ConfigError for what cannot work.

    host: None writes an .eml file instead. port: None is the usual one for `tls`. ca_file: certificates to trust, in
    place of the system's. timeout_s: of each step and of each answer as a whole; an attempt ends after
    20 such times. wait_s: before the second attempt; it doubles before each later one, up to an hour. max_bytes: of the
    whole message. link: where readers find the report; {model} and {run_id} in it are replaced by the run's, and "" is
    its path in the archive. lang: of the mail and its PDF, None for the run's first language.
    """

    sender: str
    to: tuple[str, ...]
    host: str | None = None
    port: int | None = None
    tls: Tls = "starttls"
    ca_file: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    n_attempts: int = 3
    wait_s: float = 10.0
    max_bytes: int = 8_000_000
    link: str = ""
    lang: str | None = None

    def __post_init__(self) -> None:
        """Addresses, link, host and the ways to log in; numbers are the configuration's business."""
        if not self.to:
            raise _refused("to", found="nobody", expected="one address or more", todo="name somebody, or use --to")
        for key, address in (("sender", self.sender), *(("to", one) for one in self.to)):
            _refuse_bad_address(key, address)
        if not self.link.isprintable() or len(self.link) > _LONGEST_LINK:
            expected = f"one line of at most {_LONGEST_LINK} letters"
            raise _refused("link", found=repr(self.link), expected=expected, todo="correct it")
        if self.host is not None:
            _refuse_bad_host(self.host)
        _refuse_bad_login(self)

    @property
    def port_in_use(self) -> int:
        """The port given, or the usual one."""
        return self.port or _USUAL_PORTS[self.tls]

    @property
    def recipients(self) -> Mapping[str, str]:
        """The addresses in their order, by what makes two of them one person's; of two spellings the first."""
        people: dict[str, str] = {}
        for address in self.to:
            people.setdefault(key_of(address), address)
        return people


def key_of(address: str) -> str:
    """The address with its domain in small letters: upper and lower case mean the same there, not before the @."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def _refuse_bad_address(key: str, address: str) -> None:
    """Parsed by the standard library; what it reads must be the whole of what was written."""
    try:
        whole = Address(addr_spec=address).addr_spec == address
    except (ValueError, IndexError, HeaderParseError):
        whole = False
    if not whole or not address.isascii() or len(address) > _LONGEST_ADDRESS:
        raise _refused(
            key, found=repr(address), expected="an address such as name@example.com, in ASCII", todo="correct it"
        )


def _refuse_bad_host(host: str) -> None:
    try:
        good = bool(host.encode("idna")) and host.isprintable() and " " not in host
    except UnicodeError:
        good = False
    if not good:
        raise _refused("host", found=repr(host), expected="the name of a mail server", todo="correct it")


def _refuse_bad_login(settings: MailSettings) -> None:
    """The password itself is never shown."""
    variables = "REPORTGEN_MAIL_USER and REPORTGEN_MAIL_PASSWORD"
    if (settings.user is None) != (settings.password is None):
        found = "a user without a password" if settings.password is None else "a password without a user"
        raise _refused("login", found=found, expected="both or none", todo=f"set {variables}")
    if settings.user is None or settings.password is None:
        return
    if settings.tls == "none":
        todo = f"set tls, or unset {variables}"
        raise _refused("tls", found="none, with a password to send", expected="starttls or implicit", todo=todo)
    if not all(text.isascii() and text.isprintable() for text in (settings.user, settings.password)):
        found = "a letter outside ASCII, or a control character"
        raise _refused(
            "login", found=found, expected="plain ASCII, as the protocol has it", todo=f"correct {variables}"
        )


def _refused(key: str, *, found: str, expected: str, todo: str) -> ConfigError:
    return ConfigError(f"[mail] {key}", found=found, expected=expected, todo=todo)

"""Whom to mail and by which server: refused before anything is sent where it cannot work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from annotated_types import Interval, MinLen

from reportgen.errors import ConfigError
from reportgen.option import Checked, Group, Option

Tls = Literal["starttls", "implicit", "none"]
_USUAL_PORTS: Mapping[Tls, int] = MappingProxyType({"starttls": 587, "implicit": 465, "none": 25})
_LONGEST_ADDRESS, _LONGEST_LINK = 254, 300


def _known_language(value: str | None) -> str | None:
    from reportgen.language import LANGUAGES  # Babel: not for --help

    if value is not None and value not in LANGUAGES:
        raise ValueError(f"one of {', '.join(LANGUAGES)}, found {value!r}")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The table [mail], and user and password from the environment. Raises ConfigError for what cannot work.

    host: None writes an .eml file instead. port: None is the usual one for `tls`. ca_file: certificates to trust, in
    place of the system's. timeout_s: of each step and of each answer as a whole; an attempt ends after
    20 such times. wait_s: before the second attempt; it doubles before each later one, up to an hour. max_bytes: of the
    whole message. link: where readers find the report; {model} and {run_id} in it are replaced by the run's, and "" is
    its path in the archive. lang: of the mail and its PDF, None for the run's first language.
    """

    GROUP: ClassVar = Group("Mail", table="mail", about="without this table nothing is mailed")

    sender: Annotated[str, Option("Address of the sender.")] = "reportgen@localhost"
    to: Annotated[
        tuple[str, ...],
        MinLen(1),
        Option("Addresses of the recipients.", flag="--to", example='["team@example.org"]'),
    ]
    host: Annotated[
        str | None,
        Option(
            "Mail server; without one an `.eml` file is written.",
            more="User and password: REPORTGEN_MAIL_USER and REPORTGEN_MAIL_PASSWORD in the environment.",
            example='"smtp.example.org"',
        ),
    ] = None
    port: Annotated[
        int | None,
        Interval(ge=1, le=65535),
        Option("Port.", unset="587, or 465 with implicit TLS, or 25 without TLS", example="587"),
    ] = None
    tls: Annotated[Tls, Option("`starttls`, `implicit` or `none`.")] = "starttls"
    ca_file: Annotated[Path | None, Option("Certificates to trust.", unset="the system's", example='"our-ca.pem"')] = (
        None
    )
    user: Annotated[str | None, Option("User.", environment="REPORTGEN_MAIL_USER")] = None
    password: Annotated[str | None, Option("Password.", environment="REPORTGEN_MAIL_PASSWORD")] = field(
        default=None, repr=False
    )
    timeout_s: Annotated[
        float,
        Interval(gt=0, le=3600),
        Option("Seconds for each step and answer; the whole attempt ends after 20 times as long."),
    ] = 30.0
    n_attempts: Annotated[
        int, Interval(ge=1, le=100), Option("Attempts, after answers 4xx and dropped connections.")
    ] = 3
    wait_s: Annotated[float, Interval(ge=0, le=3600), Option("Seconds between attempts; doubles, up to an hour.")] = (
        10.0
    )
    max_bytes: Annotated[
        int,
        Interval(ge=10_000, le=1_000_000_000),
        Option("Largest message in bytes; a bigger report is made smaller, and says so."),
    ] = 8_000_000
    link: Annotated[
        str,
        Option("Where readers find the report, such as `https://reports.example.org/{model}/{run_id}/`."),
    ] = ""
    lang: Annotated[
        str | None,
        Checked(_known_language),
        Option("Language of the mail.", unset="the report's first", example='"ja"'),
    ] = None

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

"""Point 8: the server is a stranger. Real servers on loopback; every output of a failing run searched for the password."""

import base64
import logging
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from urllib.parse import quote, quote_plus

import pytest
import trustme

from reportgen.cli.outlet import PlainLines, say, say_fault
from reportgen.deliver.mail.settings import MailSettings
from reportgen.deliver.mail.smtp import attempts
from reportgen.redaction import REDACTED, redacted, repeats

PASSWORD, USER, TO = "Sesam+Open/42!", "nightly", "a@example.org"
BASE64 = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
ECHOES = {
    "plain": PASSWORD,
    "in a sentence": f"no: {PASSWORD} is wrong",
    "as it was sent": BASE64,
    "in Base64": base64.b64encode(PASSWORD.encode()).decode(),
    "in Base64, one on": base64.b64encode(b"x" + PASSWORD.encode()).decode(),
    "in Base64, two on": base64.b64encode(b"xx" + PASSWORD.encode() + b"y").decode(),
    "in Base64 for URLs": base64.urlsafe_b64encode(PASSWORD.encode()).decode(),
    "in a URL": quote(PASSWORD, safe=""),
    "in a form": quote_plus(PASSWORD),
    "in hex": PASSWORD.encode().hex(),
    "in hex with blanks": PASSWORD.encode().hex(" "),
    "in upper case": PASSWORD.upper(),
    "letter by letter": " ".join(PASSWORD),
    "with hyphens": "-".join(PASSWORD),
    "backwards": PASSWORD[::-1],
    "the first half": PASSWORD[:8],
    "the second half": PASSWORD[5:],
    "half of Base64": base64.b64encode(PASSWORD.encode()).decode()[4:14],
    "over two lines": f"{PASSWORD[:7]}\r\n535 {PASSWORD[7:]}",
    "Base64 over two lines": f"{BASE64[:20]}\r\n535 {BASE64[20:]}",
    "after a control character": f"\x1b[31m{PASSWORD}\x00",
}
FORMS = {*ECHOES.values(), PASSWORD[:7], PASSWORD[7:], BASE64[:20], BASE64[20:]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path_factory.mktemp("ca") / "ca.pem")
    made.path = next(tmp_path_factory.getbasetemp().glob("ca*/ca.pem"))
    return made


@contextmanager
def serving(handler, context=None):
    """`handler` with each connection, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def handle(connection):
        with suppress(OSError, ssl.SSLError), connection:
            handler(connection)

    def accept():
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if context:
                    connection = context.wrap_socket(connection, server_side=True)
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def ended(port, **changed):
    """How one attempt ended, and how long it took."""
    known = {"sender": "r@example.com", "to": (TO,), "host": "127.0.0.1", "port": port, "tls": "none", "n_attempts": 1}
    settings = MailSettings(**{**known, "timeout_s": 0.5, **changed})
    started = time.monotonic()
    ((ending,),) = [made.values() for made in attempts(b"x\r\n", (TO,), settings, commit=lambda _: None)]
    return ending, time.monotonic() - started


def drip(connection, content, pause_s=0.05):
    while True:
        for letter in content:
            connection.sendall(bytes([letter]))
            time.sleep(pause_s)


def polite(connection, until):
    """The usual answers, until the client says what begins with `until`."""
    connection.sendall(b"220 x\r\n")
    while not (said := connection.recv(999).lower()).startswith(until):
        connection.sendall(b"354 go\r\n" if said.startswith(b"data") else b"250 ok\r\n")


def flood(connection, line):
    with suppress(OSError):
        while True:
            connection.sendall(line * 1000)


def after(until, then, content):
    def handle(connection):
        polite(connection, until)
        then(connection, content)

    return handle


ENDLESS = {
    "a greeting a letter at a time": lambda connection: drip(connection, b"2"),
    "a greeting of lines, a letter at a time": lambda connection: drip(connection, b"220-x\r\n"),
    "a greeting without end": lambda connection: flood(connection, b"220-x\r\n"),
    "a line without end": lambda connection: flood(connection, b"2" * 99),
    "nothing at all": lambda connection: time.sleep(4),
    "EHLO lines without end": after(b"ehlo", flood, b"250-X-AGAIN\r\n"),
    "EHLO, a letter at a time": after(b"ehlo", drip, b"250-X-AGAIN\r\n"),
    "MAIL without end": after(b"mail", flood, b"250-x\r\n"),
    "RCPT without end": after(b"rcpt", flood, b"250-x\r\n"),
    "RCPT, a letter at a time": after(b"rcpt", drip, b"250-x\r\n"),
    "DATA without end": after(b"data", flood, b"354-x\r\n"),
    "DATA, a letter at a time": after(b"data", drip, b"3"),
    "binary": lambda connection: flood(connection, bytes(range(256))),
}


@pytest.mark.parametrize("handler", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_without_end_is_left_in_time(handler):
    with serving(handler) as port:
        ending, time_s = ended(port)
    assert ending.state in ("deferred", "refused")
    assert len(ending.words) <= 220
    assert time_s < 8


def test_the_end_of_the_text_answered_without_end_is_unknown():
    def handle(connection):
        polite(connection, b"data")
        connection.sendall(b"354 go\r\n")
        while b"\r\n.\r\n" not in connection.recv(9999):
            pass
        drip(connection, b"250-x\r\n")

    with serving(handler=handle) as port:
        ending, time_s = ended(port)
    assert ending.state == "unknown"
    assert time_s < 8


def test_a_handshake_a_letter_at_a_time_is_left(authority):
    with serving(lambda connection: drip(connection, b"\x16\x03\x03\x40\x00\x02")) as port:
        ending, time_s = ended(port, tls="implicit", ca_file=authority.path)
    assert ending.state == "deferred"
    assert time_s < 8


def test_each_step_slow_but_in_time_is_within_the_limit_of_all():
    """0.3 s a step of at most 0.5 s; twenty such times are allowed in all."""

    def handle(connection):
        connection.sendall(b"220 x\r\n")
        while said := connection.recv(999):
            time.sleep(0.3)
            connection.sendall(b"354 go\r\n" if said.startswith(b"data") else b"250 ok\r\n")

    with serving(handle) as port:
        ending, _ = ended(port)
    assert ending.state == "delivered"


def echoing(step, words):
    """Says yes to everything but `step`, to which it answers with `words`."""

    def handle(connection):
        connection.sendall(b"220 x\r\n")
        while said := connection.recv(9999):
            command = said[:4].upper().strip()
            if command == step:
                lines = words.encode(errors="replace").split(b"\r\n535 ")
                connection.sendall(
                    b"".join(b"535-" + line + b"\r\n" for line in lines[:-1]) + b"535 " + lines[-1] + b"\r\n"
                )
            else:
                known = {b"EHLO": b"250-x\r\n250 AUTH PLAIN LOGIN\r\n", b"AUTH": b"235 ok\r\n", b"DATA": b"354 go\r\n"}
                connection.sendall(known.get(command, b"250 ok\r\n"))

    return handle


@pytest.mark.parametrize("step", [b"AUTH", b"MAIL", b"RCPT", b"DATA"])
@pytest.mark.parametrize("words", ECHOES.values(), ids=ECHOES)
def test_a_server_that_repeats_the_password_is_not_quoted(authority, step, words):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(echoing(step, words), context) as port:
        ending, _ = ended(
            port, tls="implicit", ca_file=authority.path, user=USER, password=PASSWORD, timeout_s=5, host="127.0.0.1"
        )
    assert ending.state in ("refused", "deferred")
    assert not [form for form in FORMS if form.casefold() in ending.words.casefold()]
    assert not repeats(ending.words.replace(REDACTED, ""), (PASSWORD,))


def test_a_server_that_does_not_is_quoted(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(echoing(b"RCPT", "5.2.2 mailbox full, quota 100 MB"), context) as port:
        ending, _ = ended(port, tls="implicit", ca_file=authority.path, user=USER, password=PASSWORD, timeout_s=5)
    assert ending.words == "535 5.2.2 mailbox full, quota 100 MB"


WHOLE = [
    key for key in ECHOES if "half" not in key and key not in ("backwards", "in Base64, one on", "in Base64, two on")
]


@pytest.mark.parametrize("words", [ECHOES[key] for key in WHOLE], ids=WHOLE)
def test_no_line_that_goes_out_holds_the_password(words, monkeypatch, capsys):
    monkeypatch.setenv("REPORTGEN_MAIL_PASSWORD", PASSWORD)
    say(words)
    record = logging.LogRecord("reportgen", logging.INFO, "f", 1, "it says %s", (words,), None)
    line = PlainLines("%(message)s").format(record)
    try:
        int(f"x{words}")
    except ValueError as error:
        say_fault(error)
    told = capsys.readouterr()
    for text in (told.out, told.err.split("ValueError:")[1], line):
        assert REDACTED in text
        assert not [form for form in FORMS if form in text]


def test_ordinary_words_stay():
    text = "reportgen: mail of reports/Net: 1 of 2 have it. a@example.org: 550 no such mailbox"
    assert redacted(text, (PASSWORD,)) == text
    assert redacted(text, ("abc",)) == text
    assert not repeats(text, (PASSWORD,))


@pytest.mark.parametrize("step", [b"ehlo", b"mail", b"rcpt", b"data"])
def test_an_answer_of_too_many_lines_is_left_before_its_time(step):
    """The time of a step is 60 s here: what ends it is its length."""
    with serving(after(step, flood, b"250-x\r\n")) as port:
        ending, time_s = ended(port, timeout_s=60)
    assert "65,536 bytes" in ending.words
    assert time_s < 20

"""The mail password in nothing that a failing run leaves or prints: whole runs against real servers that try to get it out."""

import base64
import ssl
from urllib.parse import quote, quote_plus

import pytest
import trustme

from tests.hostile.test_servers import authority, echoing, serving  # noqa: F401  # authority is a fixture
from tests.pets import hand_checkpoint, write_five_breeds
from tests.program import reportgen

PASSWORD, USER = "Sesam+Open/42!~?", "nightly"
CONFIG = """batch_size = 64
format = "html,pdf"
methods = "grad_cam"
sections = "summary,methods"
{run}
[explain]
certificate_pictures = 0
focus_pictures = 0
insertion_steps = 0
random_maps = 1
[mail]
sender = "r@example.com"
to = ["a@example.org", "b@example.org"]
host = "127.0.0.1"
port = {port}
tls = "implicit"
ca_file = "ca.pem"
timeout_s = 2
n_attempts = 2
wait_s = 0.1
"""
AUTH = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()


def in_base64(secret):
    """What every Base64 text has that holds `secret`, for each of the three places where it may begin."""
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + secret).decode()
        yield encoded[-(-8 * before // 6) : 8 * (before + len(secret)) // 6]


def forms(password):
    """The password as bytes, as itself, in Base64, for URLs, in hex, escaped."""
    raw = password.encode()
    texts = [password, *in_base64(raw), quote(password, safe=""), quote_plus(password), raw.hex()]
    texts += [text.replace("+", "-").replace("/", "_") for text in in_base64(raw)]
    texts += ["".join(f"={byte:02X}" for byte in raw)]
    return [*(text.encode() for text in texts), password.encode("utf-16-le")]


def drops(connection):
    """Ends the conversation in the middle of the login."""
    connection.sendall(b"220 x\r\n")
    connection.recv(9999)
    connection.sendall(b"250-x\r\n250 AUTH PLAIN LOGIN\r\n")
    connection.recv(9999)


SERVERS = {
    "repeats the login": echoing(b"AUTH", f"5.7.8 no: {AUTH}"),
    "repeats the password": echoing(b"AUTH", f"5.7.8 {PASSWORD} is wrong"),
    "repeats it at a recipient": echoing(b"RCPT", f"5.1.1 {PASSWORD} {AUTH}"),
    "repeats it at the text": echoing(b"DATA", f"5.1.1 {quote(PASSWORD)}"),
    "hangs up in the login": drops,
}


@pytest.fixture
def place(tmp_path, authority, monkeypatch):  # noqa: F811
    write_five_breeds(tmp_path / "data")
    hand_checkpoint(tmp_path / "c.pt")
    (tmp_path / "ca.pem").write_bytes(authority.path.read_bytes())
    (tmp_path / "talks.py").write_text(
        "import os\ndef net(n=5):\n    raise RuntimeError('login with ' + os.environ['REPORTGEN_MAIL_PASSWORD'])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("REPORTGEN_MAIL_USER", USER)
    monkeypatch.setenv("REPORTGEN_MAIL_PASSWORD", PASSWORD)
    return tmp_path


def told_anywhere(place, done):
    """Where the password is, of all that was printed and written."""
    found = {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
    found |= {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    return [name for name, content in found.items() for form in forms(PASSWORD) if form in content]


def run(place, port, *more, arch="tests.pets:hand_net"):
    (place / "r.toml").write_text(CONFIG.format(port=port, run=""))
    return reportgen(
        *("run", "--verbose", "--checkpoint", "c.pt", "--arch", arch, "--dataset", "oxford-iiit-pet"),
        *("--data-root", "data", "--config", "r.toml", "--ci-dir", "ci", "--model-name", "m", *more),
        cwd=place,
    )


@pytest.mark.parametrize("handler", SERVERS.values(), ids=SERVERS)
def test_a_failing_mail_tells_the_password_nowhere(handler, place, authority):  # noqa: F811
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(handler, context) as port:
        first = run(place, port)
        again = reportgen("mail", "reports/m/latest", "--config", "r.toml", cwd=place)
    assert (first.returncode, again.returncode) == (6, 6), first.stderr + again.stderr
    assert not told_anywhere(place, first)
    assert not told_anywhere(place, again)
    written = reportgen("mail", "reports/m/latest", "--config", "r.toml", "--dry-run", cwd=place)
    assert list(place.rglob("*.eml"))
    assert not told_anywhere(place, written)


def test_no_certificate_and_no_code_of_others_tells_it(place):
    """A server with a certificate of nobody's; and a model's factory that puts the password into its own words."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with serving(SERVERS["repeats the login"], context) as port:
        done = run(place, port)
    assert done.returncode == 6, done.stderr
    assert not told_anywhere(place, done)
    failed = run(place, 9, arch="talks:net")
    assert failed.returncode == 3, failed.stderr
    assert "login with" in failed.stderr
    assert not told_anywhere(place, failed)


def test_the_search_finds_what_it_looks_for(place):
    nothing = reportgen("--version", cwd=place)
    assert not told_anywhere(place, nothing)
    planted = [*forms(PASSWORD), *(base64.b64encode(b"x" * n + PASSWORD.encode() + b"yz") for n in range(4))]
    for content in planted:
        (place / "planted").write_bytes(b"words " + content)
        assert "planted" in told_anywhere(place, nothing)

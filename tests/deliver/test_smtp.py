"""One message over SMTP to a real server: whatever goes wrong, it is known for each person how it ended."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest
import trustme

from reportgen.deliver.mail.settings import MailSettings
from reportgen.deliver.mail.smtp import attempts
from reportgen.errors import ConfigError
from tests.deliver.mail_server import DIE, DIE_IN_TEXT, SLOW, TRICKLE, mail_server

A, B, C = "a@example.com", "b@example.com", "c@example.com"
TEXT = b"Subject: x\r\n\r\n.a line with a dot\r\n..\r\n.\r\nlast\r\n"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def certificate(authority, name="localhost"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def send(server, *to, content=TEXT, commit=lambda _: None, **changed):
    """The endings of all attempts, one after the other."""
    plain = {"host": "localhost", "port": server.port, "tls": "none", "timeout_s": 5, "wait_s": 0.01}
    settings = MailSettings(**{"sender": "reports@example.com", "to": to or (A,), **plain, **changed})
    return list(attempts(content, settings.to, settings, commit=commit))


def states(made):
    return [{address: ending.state for address, ending in endings.items()} for endings in made]


def test_the_text_arrives_as_it_is_lines_of_dots_included():
    with mail_server() as server:
        assert states(send(server, A, B)) == [{A: "delivered", B: "delivered"}]
    assert server.mails == [((A, B), TEXT)]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_tls_with_a_trusted_certificate(authority, ca_file, tls):
    with mail_server(tls=tls, context=certificate(authority)) as server:
        assert states(send(server, tls=tls, ca_file=ca_file)) == [{A: "delivered"}]
    assert server.reached == {A: 1}


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("wrong", ["issuer", "name"])
def test_a_wrong_certificate_is_refused_once_and_nothing_is_sent(authority, ca_file, tls, wrong):
    context = certificate(trustme.CA()) if wrong == "issuer" else certificate(authority, "elsewhere.example")
    with mail_server(tls=tls, context=context) as server:
        (endings,) = send(server, tls=tls, ca_file=ca_file)
    assert endings[A].state == "refused"
    assert "SSLCertVerificationError" in endings[A].words
    assert server.texts_in == 0


def test_the_systems_authorities_are_asked_where_no_ca_file_is_given(authority):
    with mail_server(tls="starttls", context=certificate(authority)) as server:
        (endings,) = send(server, tls="starttls")
    assert endings[A].state == "refused"
    assert server.texts_in == 0


def test_a_server_without_starttls_gets_neither_password_nor_text():
    with mail_server() as server:
        (endings,) = send(server, tls="starttls", user="u", password="p")
    assert (endings[A].state, server.texts_in, server.logins) == ("refused", 0, [])
    assert "STARTTLS" in endings[A].words


def test_an_unreadable_ca_file_is_the_configurations_fault(tmp_path):
    (tmp_path / "no.pem").write_text("nothing")
    for name in ("no.pem", "gone.pem"):
        with mail_server() as server, pytest.raises(ConfigError, match="ca_file"):
            send(server, tls="implicit", ca_file=tmp_path / name)


def test_login(authority, ca_file):
    with mail_server(tls="starttls", context=certificate(authority), login=("me", "se cret")) as server:
        tls = {"tls": "starttls", "ca_file": ca_file}
        assert states(send(server, user="me", password="se cret", **tls)) == [{A: "delivered"}]
        (endings,) = send(server, user="me", password="wrong", **tls)
        assert endings[A].state == "refused"
        assert endings[A].words.startswith("535 ")
        assert "wrong" not in endings[A].words
        (endings,) = send(server, **tls)
        assert endings[A].words.startswith("530 ")
    assert server.reached == {A: 1}


def test_a_person_that_is_refused_for_now_is_tried_again_alone():
    with mail_server({B: ["450 4.2.1 mailbox busy"]}) as server:
        made = send(server, A, B)
    assert states(made) == [{A: "delivered", B: "deferred"}, {B: "delivered"}]
    assert made[0][B].words == "450 4.2.1 mailbox busy"
    assert [to for to, _ in server.mails] == [(A,), (B,)]


def test_a_person_that_is_refused_for_good_does_not_stop_the_others():
    with mail_server({B: ["550 5.1.1 no such user"]}) as server:
        made = send(server, A, B, C)
    assert states(made) == [{A: "delivered", B: "refused", C: "delivered"}]
    assert [to for to, _ in server.mails] == [(A, C)]


BEFORE_THE_TEXT_ENDS = [
    {"connect": ["421 too busy"]},
    {"connect": [DIE]},
    {"MAIL": ["451 try later"]},
    {"MAIL": [DIE]},
    {A: [DIE]},
    {A: ["451 greylisted"]},
    {"DATA": ["451 no room just now"]},
    {"DATA": [DIE]},
    {"DATA": [DIE_IN_TEXT]},
    {"TEXT": ["451 scanner is down"]},
    {A: [SLOW]},
]


@pytest.mark.parametrize("replies", BEFORE_THE_TEXT_ENDS, ids=str)
def test_what_fails_for_now_is_tried_again_and_arrives_once(replies):
    """The text is longer than what the buffers of a connection hold, so that a cut is noticed while it goes out."""
    content = (b"y" * 78 + b"\r\n") * (100_000 if replies == {"DATA": [DIE_IN_TEXT]} else 10)
    with mail_server(replies) as server:
        made = send(server, content=content, timeout_s=0.4 if SLOW in replies.get(A, ()) else 5)
    assert states(made) == [{A: "deferred"}, {A: "delivered"}]
    assert server.reached == {A: 1}


@pytest.mark.parametrize(
    "replies",
    [
        {"connect": ["554 go away"]},
        {"MAIL": ["550 no"]},
        {A: ["550 no"]},
        {"DATA": ["554 no"]},
        {"TEXT": ["554 spam"]},
    ],
    ids=str,
)
def test_what_fails_for_good_is_not_tried_again(replies):
    with mail_server(replies) as server:
        (endings,) = send(server)
    assert (endings[A].state, server.n_sessions, server.mails) == ("refused", 1, [])
    assert endings[A].words == next(iter(replies.values()))[0]


@pytest.mark.parametrize("answer", [DIE, SLOW, "thanks", "354 go on"])
def test_without_a_clear_answer_after_the_text_it_is_not_tried_again(answer):
    with mail_server({"TEXT": [answer], B: ["450 later"]}) as server:
        made = send(server, A, B, timeout_s=0.4)
    assert states(made) == [{A: "unknown", B: "deferred"}, {B: "delivered"}]
    assert server.reached.get(A, 0) <= 1


def test_a_message_above_the_servers_size_is_refused_before_it_is_sent():
    taken = []
    with mail_server(max_bytes=1000) as server:
        (endings,) = send(server, content=b"x" * 78 + b"\r\n" * 1000, commit=taken.append)
    assert endings[A].state == "refused"
    assert endings[A].words.startswith("552 ")
    assert taken == []


def test_a_dead_port_is_tried_as_often_as_told_with_growing_waits():
    with mail_server() as server:
        pass
    started = time.perf_counter()
    made = send(server, n_attempts=3, wait_s=0.05)
    assert states(made) == [{A: "deferred"}] * 3
    assert time.perf_counter() - started >= 0.05 + 0.10
    assert "ConnectionRefusedError" in made[-1][A].words


def test_a_long_message_may_take_longer_than_the_time_limit_of_a_step():
    content = (b"y" * 78 + b"\r\n") * 500_000
    with mail_server({"DATA": [TRICKLE]}) as server:
        assert states(send(server, content=content, timeout_s=0.4)) == [{A: "delivered"}]


def test_commit_names_those_whom_the_server_took_and_can_stop_the_mail():
    class DiskFullError(Exception):
        pass

    taken = []

    def commit(addresses):
        taken.append(addresses)
        if len(taken) == 2:
            raise DiskFullError

    with mail_server({B: ["550 no"] * 2}) as server:
        send(server, A, B, C, commit=commit)
        with pytest.raises(DiskFullError):
            send(server, A, B, C, commit=commit)
    assert taken == [(A, C), (A, C)]
    assert server.reached == {A: 1, C: 1}


def test_words_are_one_bounded_line():
    with mail_server({A: ["550-first\r\n550 " + "\x1b[31mred\x07 " + "long " * 100]}) as server:
        (endings,) = send(server)
    words = endings[A].words
    assert words.startswith("550 first")
    assert words.isprintable()
    assert len(words) <= 200


@contextmanager
def dripping(at_first=b""):
    """A server that says `at_first`, and from then on one letter at a time without end."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.sendall(at_first)
                    while True:
                        connection.sendall(b"2")
                        time.sleep(0.05)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield SimpleNamespace(port=listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)


@pytest.mark.parametrize("at_first", [b"", b"220 hello\r\n", b"220-hello\r\n" * 3])
def test_a_server_that_never_comes_to_an_end_is_left(at_first):
    """Each letter comes within the time limit of a step, 0.2 s; the answer does not, nor do 20 such times end."""
    started = time.monotonic()
    with dripping(at_first) as server:
        ((ending,),) = [made.values() for made in send(server, timeout_s=0.2, n_attempts=1)]
    assert ending.state == "deferred"
    assert "took too long" in ending.words
    assert time.monotonic() - started < 5

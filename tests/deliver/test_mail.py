"""The mail of an archived run: to everybody once, whole, small enough, and nothing is lost when it fails."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from reportgen.deliver.archive.bundle import write_bundle
from reportgen.deliver.mail.sending import MailSettings, PdfVersion, mail
from reportgen.errors import ConfigError, DeliveryError, InputError
from tests.deliver.mail_server import DIE, SLOW, mail_server
from tests.render.test_message import comparison, contract, pair_change

A, B, C = "a@example.com", "b@example.com", "c@example.com"
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
RUN = "20261123T080000000Z-1a2b3c4d"


@pytest.fixture
def bundle(tmp_path):
    return write_bundle_of(contract(), tmp_path)


def write_bundle_of(found, archive, notes=None):
    """A bundle as far as the mail looks at it."""
    files = {
        "findings.json": json.dumps(found).encode(),
        "evaluation.json": json.dumps({"facts": {"own_notes": notes}}).encode(),
        "run.json": b"{}",
    }
    return write_bundle(archive / "m" / RUN, files)


def settings_for(server, *to, **changed):
    known = {"sender": "reports@example.com", "to": to or (A,), "host": "localhost", "port": server and server.port}
    return MailSettings(**{**known, "tls": "none", "timeout_s": 5, "wait_s": 0.01, **changed})


def whole():
    return [PdfVersion(content=PDF, omitted="")]


def send(bundle, settings, *, versions=None, **options):
    return mail(bundle, settings, versions=whole() if versions is None else versions, now=NOW, **options)


def receipts(bundle):
    content = json.loads((bundle / "mail" / "receipts.json").read_text())
    return {key: receipt["state"] for key, receipt in content["receipts"].items()}


def parsed(content):
    return message_from_bytes(content, policy=policy.default)


def text_of(message):
    return message.get_body(("plain",)).get_content()


# What is sent


def test_the_message_text_first_then_html_then_the_pdf(bundle):
    with mail_server() as server:
        made = send(bundle, settings_for(server, A, B))
    (message,) = server.messages
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    (attached,) = message.iter_attachments()
    assert attached.get_content() == PDF
    assert attached.get_filename() == f"report-pets-nightly-{RUN}.pdf"
    assert (message["from"], message["to"]) == ("reports@example.com", f"{A}, {B}")
    assert message["subject"] == "[reportgen] PASS pets-nightly: 74.8% (no previous run)"
    assert message["date"].datetime == NOW
    assert message["message-id"] == f"<{RUN}@example.com>"
    assert message["auto-submitted"] == "auto-generated"
    assert (made.delivered, made.n_bytes) == ((A, B), len(server.mails[0][1]))


@pytest.mark.parametrize("link", ["https://example.com", "https://example.com/" + "x" * 250])
def test_every_line_is_ascii_and_short_enough_for_any_server(tmp_path, link):
    bundle = write_bundle_of(contract(model="模型"), tmp_path)
    with mail_server() as server:
        send(bundle, settings_for(server, link=link))
    content = server.mails[0][1]
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998


def test_japanese_names_arrive(tmp_path):
    found = contract(
        model="犬と猫",
        groups=[],
        pairs=[{"a": "柴犬", "b": "秋田犬", "a_as_b": 3, "b_as_a": 1, "n_a": 9, "n_b": 8, "evident": True}],
    )
    with mail_server() as server:
        send(write_bundle_of(found, tmp_path), settings_for(server))
    (message,) = server.messages
    assert message["subject"] == "[reportgen] PASS 犬と猫: 74.8% (no previous run)"
    assert "柴犬 / 秋田犬: 3 of 9 and 1 of 8" in text_of(message)
    assert "柴犬 / 秋田犬" in message.get_body(("html",)).get_content()
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == f"report-_-{RUN}.pdf"


def test_the_users_own_breed_names_are_used(tmp_path):
    notes = '[breeds.x1]\nname.en = "First Breed"\nlook.en = "small"\n'
    found = contract(groups=[{"classes": ["x1", "x2"], "errors": 3, "impact": 0.01}])
    bundle = write_bundle_of(found, tmp_path, notes)
    assert "First Breed, x2: 3 errors" in text_of(
        parsed(send(bundle, settings_for(None, host=None)).eml_path.read_bytes())
    )


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (
            "https://ci.example.com/{model}/{run_id}/report.html",
            f"https://ci.example.com/pets-nightly/{RUN}/report.html",
        ),
        ("https://ci.example.com/last", "https://ci.example.com/last"),
        ("", "{bundle}/report.html"),
    ],
)
def test_the_link(bundle, link, told):
    (bundle / "report.html").touch()
    made = send(bundle, settings_for(None, host=None, link=link))
    assert told.format(bundle=bundle) in text_of(parsed(made.eml_path.read_bytes())).splitlines()[-1]


INJECTION = "x\r\nBcc: evil@example.com\r\n\r\n\x00\x1b[31m\u2028\u202e{{ 7 * 7 }}<script>alert(1)</script>"


def test_no_name_adds_a_header_a_recipient_or_a_line(tmp_path):
    found = contract(
        model=INJECTION,
        notice=INJECTION,
        outcome="fail",
        rules=[{"name": f"min_recall {INJECTION}", "outcome": "fail", "detail": INJECTION}],
        comparison=comparison(pairs=[pair_change(INJECTION, INJECTION, "worse")]),
    )
    with mail_server() as server:
        send(
            write_bundle_of(found, tmp_path),
            settings_for(server),
            versions=[PdfVersion(content=PDF, omitted=INJECTION)],
        )
    assert server.reached == {A: 1}
    (message,) = server.messages
    assert sorted(key.lower() for key in message.keys()) == sorted(  # noqa: SIM118
        ["from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"]
    )
    assert len(message["subject"].splitlines()) == 1
    assert all(line.isprintable() for line in text_of(message).split("\r\n"))
    assert "Bcc: evil" in text_of(message)
    page = message.get_body(("html",)).get_content()
    assert "<script" not in page
    assert "49" not in message["subject"]


BAD_ADDRESSES = [
    "a@example.com\r\nBcc: evil@example.com",
    "a@example.com\nRCPT TO:<evil@example.com>",
    "a@example.com, evil@example.com",
    "A <a@example.com>",
    "<a@example.com>",
    "a@example.com>",
    "a@b c",
    "a\x00@example.com",
    "nobody",
    "@example.com",
    "a@",
    "",
    " a@example.com",
    "猫@example.com",
    "a@例え.jp",
    "a" * 250 + "@example.com",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_is_not_one_is_refused_by_key(address):
    for key, given in (("to", {"to": (A, address)}), ("sender", {"sender": address})):
        with pytest.raises(ConfigError, match=rf"\[mail\] {key}") as caught:
            settings_for(None, **given)
        assert caught.value.exit_code == 2
        assert "\n" not in caught.value.found


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("to", {"to": ()}),
        ("link", {"link": "https://example.com/\r\nBcc: evil@example.com"}),
        ("link", {"link": "x" * 301}),
        ("host", {"host": "mail server"}),
        ("host", {"host": "mail..example.com"}),
        ("host", {"host": ""}),
        ("tls", {"user": "u", "password": "p", "tls": "none"}),
        ("login", {"user": "u", "tls": "starttls"}),
        ("login", {"password": "secret", "tls": "starttls"}),
        ("login", {"user": "u", "password": "sécret", "tls": "starttls"}),
    ],
)
def test_settings_that_cannot_work_are_refused_by_key(key, changed):
    with pytest.raises(ConfigError, match=rf"\[mail\] {key}") as caught:
        settings_for(None, **changed)
    assert "cret" not in str(caught.value)


def test_a_password_is_not_in_the_settings_words():
    assert "secret" not in repr(settings_for(None, user="u", password="secret", tls="starttls"))


# Never twice to the same person


def test_nobody_is_mailed_twice_and_new_people_are_mailed(bundle):
    with mail_server() as server:
        send(bundle, settings_for(server, A, B))
        again = send(bundle, settings_for(server, B, "a@EXAMPLE.com"), versions=never())
        assert (again.delivered, again.already, again.n_bytes) == ((), (B, "a@EXAMPLE.com"), 0)
        third = send(bundle, settings_for(server, A, C))
        assert (third.delivered, third.already) == ((C,), (A,))
        assert server.reached == {A: 1, B: 1, C: 1}
        assert send(bundle, settings_for(server, A), resend=True).delivered == (A,)
    assert server.reached == {A: 2, B: 1, C: 1}
    assert receipts(bundle) == {A: "delivered", B: "delivered", C: "delivered"}


def never():
    """Versions of which none may be made."""
    raise AssertionError("a PDF was made for nobody")
    yield


def test_one_person_in_two_spellings_gets_it_once_upper_case_before_the_at_is_another(bundle):
    with mail_server() as server:
        made = send(bundle, settings_for(server, A, "a@Example.COM", "A@example.com"))
    assert made.delivered == (A, "A@example.com")
    assert server.reached == {A: 1, "A@example.com": 1}


def test_those_refused_are_named_in_the_servers_words_and_the_others_have_it(bundle):
    replies = {B: ["550 5.1.1 no such user here"], C: ["450 mailbox busy"] * 3}
    with mail_server(replies) as server:
        with pytest.raises(DeliveryError) as caught:
            send(bundle, settings_for(server, A, B, C))
        assert caught.value.exit_code == 6
        assert caught.value.found == (f"1 of 3 have it. {B}: 550 5.1.1 no such user here; {C}: 450 mailbox busy")
        assert receipts(bundle) == {A: "delivered"}
        assert send(bundle, settings_for(server, A, B, C)).delivered == (B, C)
    assert server.reached == {A: 1, B: 1, C: 1}


@pytest.mark.parametrize("silence", [DIE, SLOW])
def test_whoever_may_have_it_is_not_mailed_again_until_resend(bundle, silence):
    """The text was out and no answer came. With SLOW the server has it, with DIE not: nobody can know."""
    with mail_server({"TEXT": [silence]}) as server:
        for _ in range(2):
            with pytest.raises(DeliveryError, match=rf"{A}: not known whether it arrived") as caught:
                send(bundle, settings_for(server, A, timeout_s=0.4))
            assert f"--to {A} --resend" in caught.value.todo
        assert server.texts_in == 1
        assert receipts(bundle) == {A: "sending"}
        with pytest.raises(DeliveryError, match="1 of 2 have it"):
            send(bundle, settings_for(server, A, B))
        assert send(bundle, settings_for(server, A), resend=True).delivered == (A,)
    assert receipts(bundle) == {A: "delivered", B: "delivered"}


def test_a_resend_that_fails_leaves_the_old_receipt(bundle):
    with mail_server() as server:
        send(bundle, settings_for(server, A))
        server.replies["TEXT"] = ["554 spam"]
        with pytest.raises(DeliveryError, match="554 spam"):
            send(bundle, settings_for(server, A), resend=True)
    assert receipts(bundle) == {A: "delivered"}


KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from reportgen.deliver.mail.sending import MailSettings, PdfVersion, mail
settings = MailSettings(sender="r@example.com", to=("a@example.com",), host="localhost", port=int(sys.argv[2]), tls="none")
mail(Path(sys.argv[1]), settings, versions=[PdfVersion(content=None, omitted="")], now=datetime(2026, 11, 23, tzinfo=UTC))
"""


def test_a_process_that_is_killed_while_it_waits_for_the_answer(bundle):
    """While it lives no other process mails the bundle; after that, its people are in doubt."""
    with mail_server({"TEXT": [SLOW]}) as server:
        with subprocess.Popen([sys.executable, "-c", KILLED, bundle, str(server.port)]) as other:
            assert server.text_came.wait(30)
            with pytest.raises(DeliveryError, match="another process"):
                send(bundle, settings_for(server, A, B))
            other.kill()
        with pytest.raises(DeliveryError, match=f"{A}: not known whether it arrived"):
            send(bundle, settings_for(server, A))
    assert server.texts_in == 1


@pytest.mark.parametrize(
    "content",
    ["not JSON", "{}", "[" * 100_000, '{"receipts": {"a": {"to": "a", "state": "maybe", "at": "", "message_id": ""}}}'],
)
def test_damaged_receipts_stop_the_mail(bundle, content):
    (bundle / "mail").mkdir()
    (bundle / "mail" / "receipts.json").write_text(content)
    with mail_server() as server, pytest.raises(InputError, match=r"receipts\.json"):
        send(bundle, settings_for(server))
    assert server.n_sessions == 0


@pytest.mark.parametrize("resend", [False, True])
def test_receipts_that_cannot_be_written_stop_the_mail(bundle, resend):
    (bundle / "mail").write_text("a file in the way")
    with mail_server() as server, pytest.raises(InputError, match="mail: a file, not a folder"):
        send(bundle, settings_for(server), resend=resend)
    assert server.mails == []


# Without a server, and too big


@pytest.mark.parametrize("how", [{"host": None}, {"dry_run": True}])
def test_the_eml_file_is_the_message_and_nobody_counts_as_mailed(bundle, how):
    with mail_server() as server:
        options = {"dry_run": True} if "dry_run" in how else {}
        made = send(bundle, settings_for(server, A, **({} if options else how)), **options)
        assert made.eml_path == bundle / "mail" / f"{RUN}.eml"
        assert (made.delivered, made.n_bytes, server.n_sessions) == ((), made.eml_path.stat().st_size, 0)
        send(bundle, settings_for(server, A))
    written, (sent,) = parsed(made.eml_path.read_bytes()), server.messages
    assert [(k, v) for k, v in written.items() if k != "Content-Type"] == [
        (k, v) for k, v in sent.items() if k != "Content-Type"
    ]
    leaves = [[part.get_content() for part in m.walk() if not part.is_multipart()] for m in (written, sent)]
    assert leaves[0] == leaves[1]
    assert len(leaves[0]) == 3


def test_the_first_version_that_fits_is_sent_and_says_what_is_left_out(bundle):
    made = []

    def versions():
        for n_bytes, omitted in (
            (90_000, ""),
            (60_000, "images at JPEG quality 45"),
            (9_000, "fewer panels"),
            (None, "x"),
        ):
            made.append(omitted)
            yield PdfVersion(content=None if n_bytes is None else b"p" * n_bytes, omitted=omitted)

    with mail_server() as server:
        done = send(bundle, settings_for(server, max_bytes=30_000), versions=versions())
    assert made == ["", "images at JPEG quality 45", "fewer panels"]
    assert (done.omitted, done.n_bytes) == ("fewer panels", len(server.mails[0][1]))
    assert done.n_bytes <= 30_000
    (attached,) = server.messages[0].iter_attachments()
    assert attached.get_content() == b"p" * 9_000
    assert "To keep this mail small: fewer panels." in text_of(server.messages[0])


def test_the_budget_is_for_the_whole_message_to_the_byte(bundle):
    n_bytes = send(bundle, settings_for(None, host=None)).n_bytes
    assert send(bundle, settings_for(None, host=None, max_bytes=n_bytes)).omitted == ""
    with pytest.raises(DeliveryError, match=f"{n_bytes:,} bytes") as caught:
        send(bundle, settings_for(None, host=None, max_bytes=n_bytes - 1))
    assert caught.value.exit_code == 6


def test_without_an_attachment_the_link_is_left(bundle):
    versions = [PdfVersion(content=None, omitted="no PDF")]
    made = send(bundle, settings_for(None, host=None, link="https://example.com/r"), versions=versions)
    message = parsed(made.eml_path.read_bytes())
    assert message.get_content_type() == "multipart/alternative"
    assert text_of(message).splitlines()[-1].strip() == "https://example.com/r"


@pytest.mark.parametrize("damage", ["findings.json", "evaluation.json"])
def test_a_folder_that_is_no_bundle_is_exit_3(bundle, damage):
    (bundle / damage).write_text("{}")
    for folder, told in ((bundle, "damaged"), (bundle.parent, "reports/<model name>/<run_id>")):
        with pytest.raises(InputError, match=told) as caught:
            send(folder, settings_for(None, host=None))
        assert caught.value.exit_code == 3

"""The front door of mail: a run's report to its readers, never twice to the same person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from reportgen.deliver.archive.bundle import held
from reportgen.deliver.archive.model_folders import model_in
from reportgen.deliver.mail.folder import write_mail_files
from reportgen.deliver.mail.message import Draft, Letter, PdfVersion, first_that_fits
from reportgen.deliver.mail.receipts import Receipt, read_receipts, write_receipts
from reportgen.deliver.mail.settings import MailSettings, key_of
from reportgen.deliver.mail.smtp import Ending, attempts
from reportgen.errors import DeliveryError
from reportgen.inputs.notes import read_notes
from reportgen.inputs.stored_fields import refuse_other_run
from reportgen.language import LANGUAGES, language
from reportgen.render.data.mail_contract import MailContract, refuse_contradictions
from reportgen.render.file_names import document_name
from reportgen.render.message import mail_text
from reportgen.runs.bounded_files import about, typed_json
from reportgen.runs.bundle_files import bundle_read
from reportgen.runs.stored_appearance import restored_appearance

__all__ = ["MailReceipt", "MailSettings", "PdfVersion", "mail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReceipt:
    """What was done. delivered: addresses, now. already: those that had it before. eml_path: written instead.

    n_bytes: of the message, 0 when nobody was left to send to. omitted: what its PDF leaves out, "" for nothing.
    """

    delivered: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    eml_path: Path | None = None
    n_bytes: int = 0
    omitted: str = ""


def mail(
    bundle_dir: Path,
    settings: MailSettings,
    *,
    versions: Iterable[PdfVersion],
    now: datetime,
    resend: bool = False,
    dry_run: bool = False,
) -> MailReceipt:
    """Mails the run archived in `bundle_dir` to those who do not have it, or to all with `resend`.

    Without a server, or with `dry_run`, <bundle>/mail/<run_id>.eml is written and nobody counts as mailed. versions:
    from the best to the smallest, made only as far as needed. now: the message's date (with its time zone). Somebody of
    whom it is not known whether the mail reached them is left out until `resend`.

    Raises InputError when `bundle_dir` is no bundle, ConfigError for a ca_file that cannot be read, and DeliveryError,
    once the receipts are written, that names everybody who did not get it, with the server's words; also while another
    process has the bundle.
    """
    draft = _draft(bundle_dir, settings, now)
    with held(bundle_dir):
        if dry_run or settings.host is None:
            return _written(bundle_dir, first_that_fits(draft, versions))
        earlier = {} if resend else read_receipts(bundle_dir)
        due = tuple(address for key, address in settings.recipients.items() if key not in earlier)
        had = {address: earlier[key].state for key, address in settings.recipients.items() if key in earlier}
        already = tuple(address for address, state in had.items() if state == "delivered")
        endings = {address: _DIED for address, state in had.items() if state == "sending"}
        if not due:
            _refuse_missing(bundle_dir, settings, endings)
            return MailReceipt(already=already)
        letter = first_that_fits(draft, versions)
        endings |= _sent(bundle_dir, letter, due, settings)
    _refuse_missing(bundle_dir, settings, endings)
    return MailReceipt(delivered=due, already=already, n_bytes=len(letter.content), omitted=letter.omitted)


_DIED = Ending(state="unknown", words="an earlier attempt ended while the text was going out")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    own_notes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evaluation:
    """What the mail needs of evaluation.json."""

    facts: _Facts


def _draft(bundle_dir: Path, settings: MailSettings, now: datetime) -> Draft:
    """Raises InputError for a folder that is no bundle, or a damaged one."""
    with bundle_read(bundle_dir, ("findings.json", "evaluation.json", "run.json")) as files:
        contract: dict[str, Any] = typed_json(files, "findings.json", MailContract)
        facts = typed_json(files, "evaluation.json", _Evaluation).facts
        appearance = restored_appearance(typed_json(files, "run.json", dict[str, Any]))
        with about("findings.json"):
            refuse_contradictions(contract)
        run_id, model = contract["run_id"], contract["model"]["name"]
        code = settings.lang or contract["language"]
        if code not in LANGUAGES:
            raise ValueError(f"the language {code!r}, which is none of {', '.join(LANGUAGES)}")
        notes = replace(read_notes(facts.own_notes), language=code)
    refuse_other_run(bundle_dir, run_id)
    page = bundle_dir / document_name(code, "html", first=contract["language"])
    place = bundle_dir.parent.name if model_in(bundle_dir.parent.name, model) == model else model
    link = settings.link.replace("{model}", quote(place)).replace("{run_id}", run_id)
    link = link or str(page if page.is_file() else bundle_dir)
    return Draft(
        contract=contract,
        settings=settings,
        now=now,
        words=lambda omitted: mail_text(contract, link=link, omitted=omitted, notes=notes, appearance=appearance),
    )


def _written(bundle_dir: Path, letter: Letter) -> MailReceipt:
    (path,) = write_mail_files(bundle_dir, {letter.file_name: letter.content})
    return MailReceipt(eml_path=path, n_bytes=len(letter.content), omitted=letter.omitted)


def _sent(bundle_dir: Path, letter: Letter, to: tuple[str, ...], settings: MailSettings) -> dict[str, Ending]:
    """How it ended for each of `to`. At every moment the receipts say "sending" of those who may be getting it."""
    receipts = read_receipts(bundle_dir)
    before, endings = dict(receipts), dict[str, Ending]()

    def noted(address: str, state: Literal["sending", "delivered"]) -> None:
        receipts[key_of(address)] = Receipt(to=address, state=state, at=letter.date, message_id=letter.message_id)

    def commit(taken: tuple[str, ...]) -> None:
        for address in taken:
            noted(address, "sending")
        write_receipts(bundle_dir, receipts)

    for ended in attempts(letter.content, to, settings, commit=commit):
        for address, ending in ended.items():
            key = key_of(address)
            if ending.state == "delivered":
                noted(address, "delivered")
            elif ending.state != "unknown" and key in before:
                receipts[key] = before[key]
            elif ending.state != "unknown":
                receipts.pop(key, None)
        write_receipts(bundle_dir, receipts)
        endings |= ended
    return endings


def _refuse_missing(bundle_dir: Path, settings: MailSettings, endings: Mapping[str, Ending]) -> None:
    """Raises DeliveryError where somebody did not get it, or may not have got it."""
    missing = {address: ending for address, ending in endings.items() if ending.state != "delivered"}
    if not missing:
        return
    by_words: dict[str, list[str]] = {}
    for address, ending in missing.items():
        doubt = "not known whether it arrived: " if ending.state == "unknown" else ""
        by_words.setdefault(doubt + ending.words, []).append(address)
    unknown = [address for address, ending in missing.items() if ending.state == "unknown"]
    steps = ["correct the cause and mail again: it goes to these people alone"] if len(unknown) < len(missing) else []
    if unknown:
        to = " ".join(f"--to {address}" for address in unknown)
        steps.append(
            f"ask {language('en').listed(unknown)}; if it did not arrive: reportgen mail {bundle_dir} {to} --resend"
        )
    n_all = len(settings.recipients)
    told = "; ".join(f"{language('en').listed(addresses)}: {words}" for words, addresses in by_words.items())
    raise DeliveryError(
        f"mail of {bundle_dir}",
        found=f"{n_all - len(missing)} of {n_all} have it. {told}",
        expected=f"{settings.host}, port {settings.port_in_use}, to take it for everybody",
        todo="; ".join(steps),
    )

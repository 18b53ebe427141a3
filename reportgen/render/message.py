"""The mail about a run: subject, plain text and HTML, from the contract alone, so that a stored run can be mailed."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal
from unicodedata import east_asian_width

from jinja2 import Environment
from markupsafe import Markup

from reportgen.inputs.notes import Notes
from reportgen.language import MINUS
from reportgen.render.data.gate_texts import as_judged
from reportgen.render.environment import environment, rendered
from reportgen.render.filters import NO_BREAK, shortened
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance

MessageKind = Literal[
    "class_order",
    "pair_worse",
    "class_worse",
    "cross_species",
    "broken",
    "entered",
    "pair_better",
    "class_better",
    "group",
    "pair",
]
N_LINES, N_COLUMNS = 20, 76
_N_MATTERS = 3
_PLAIN = str.maketrans({NO_BREAK: " ", MINUS: "-"})  # as people type and search them
_FILLER = "\uffff"  # stands beside a letter that is two columns wide; never a letter itself


@dataclass(frozen=True, slots=True, kw_only=True)
class MailText:
    """What the mail says. subject: one line. text: at most N_LINES lines of N_COLUMNS columns; a link is not broken."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One thing that the reader must know; the macro `matter` words it. Of `values`: the contract's own keys."""

    kind: MessageKind
    values: Mapping[str, Any]


def mail_text(
    contract: Mapping[str, Any], *, link: str, omitted: str, notes: Notes, appearance: Appearance = DEFAULT_APPEARANCE
) -> MailText:
    """The mail about the run of this findings.json, as plain values.

    link: where the report lies, "" for nowhere. omitted: what the attached PDF leaves out, "" for nothing. notes: names
    of the classes, in the language of the mail. No name, however written, adds a line or a header. Raises
    RenderingError.
    """
    contract = {**contract, "gate": as_judged(contract["gate"], notes.language)}
    known = {
        "found": contract,
        "matters": matters(contract),
        "rules": not_passed(contract),
        "link": link,
        "omitted": omitted,
    }
    plain = rendered(_environment(notes, appearance, autoescape=False), "mail.txt.j2", **known)
    subject, _, text = plain.partition("\n")
    subject = subject.translate(_PLAIN)
    page = rendered(_environment(notes, appearance, autoescape=True), "mail.html.j2", subject=subject, **known)
    return MailText(subject=subject, text=_fitted(text), html=page)


def matters(contract: Mapping[str, Any]) -> tuple[Matter, ...]:
    """The most important things, at most three.

    A class order that looks wrong stands alone: no other figure means anything then. Against a baseline: see
    `_changes`. Else the groups of classes that cost most, then the pairs that stand out and lie in none of them.
    """
    against = contract["comparison"]
    if contract["class_order"]["suspicious"]:
        return (Matter(kind="class_order", values=contract["class_order"]),)
    found = _changes(contract, against) if against and against["comparable"] else _confusions(contract)
    return tuple(islice(found, _N_MATTERS))


def not_passed(contract: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rules of the gate that did not pass, invalid ones first, then failed, then inconclusive ones."""
    worst_first = ("invalid", "fail", "inconclusive")
    rules = [rule for rule in contract["gate"]["rules"] if rule["outcome"] in worst_first]
    return sorted(rules, key=lambda rule: worst_first.index(rule["outcome"]))


def one_line(text: str) -> str:
    """The text without line breaks, control characters and marks that turn the direction of writing."""
    printable = "".join(letter if letter.isprintable() or letter == NO_BREAK else " " for letter in text)
    return re.sub(" +", " ", printable).strip(" ")


def _changes(contract: Mapping[str, Any], against: Mapping[str, Any]) -> Iterator[Matter]:
    """In this order: what is worse beyond chance; new errors across species; images newly wrong; top ten; better."""
    yield from _judged(against, "worse")
    new_ids = set(against["new_cross_species"])
    if new_ids:
        first = next(error for error in contract["cross_species"] if error["sample_id"] in new_ids)
        yield Matter(kind="cross_species", values={"n": len(new_ids), "first": first})
    broken = [flip for flip in against["flips"] if flip["kind"] == "broken"]
    steady = [flip for flip in broken if flip["state"] != "flaky"]
    if steady:
        values = {"n": len(steady), "n_flaky": len(broken) - len(steady), "first": steady[0]}
        yield Matter(kind="broken", values=values)
    worse = [{one["a"], one["b"]} for one in against["pairs"] if one["verdict"] == "worse"]
    entered = [pair for pair in against["entered_top_ten"] if set(pair) not in worse]
    if entered:
        yield Matter(kind="entered", values={"pairs": entered})
    yield from _judged(against, "better")


def _judged(against: Mapping[str, Any], verdict: Literal["worse", "better"]) -> Iterator[Matter]:
    """Pairs and classes with that verdict, the least likely by chance first; ties: pairs first."""
    rows = [("pair", row) for row in against["pairs"]] + [("class", row) for row in against["classes"]]
    found = sorted((one for one in rows if one[1]["verdict"] == verdict), key=lambda one: one[1]["p_value"])
    for kind, row in found:
        yield Matter(kind=f"{kind}_{verdict}", values=row)  # type: ignore[arg-type]  # one of the four


def _confusions(contract: Mapping[str, Any]) -> Iterator[Matter]:
    groups = [set(group["classes"]) for group in contract["groups"][:_N_MATTERS]]
    yield from (Matter(kind="group", values=group) for group in contract["groups"][:_N_MATTERS])
    for pair in contract["pairs"]:
        if pair["evident"] and not any({pair["a"], pair["b"]} <= group for group in groups):
            yield Matter(kind="pair", values=pair)


def _environment(notes: Notes, appearance: Appearance, *, autoescape: bool) -> Environment:
    """Every text that a template prints passes `one_line` first: no name can be forgotten."""
    made = environment(
        lambda name: shortened(one_line(notes.name(name))),
        notes.language,
        appearance=appearance,
        autoescape=autoescape,
        finalize=_in_one_line,
    )
    made.globals |= {"colours": appearance.tokens.colours(), "font": _families(appearance)}
    return made


def _in_one_line(value: object) -> object:
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _families(appearance: Appearance) -> str:
    """The font families of the mail, for a style attribute: that of the theme, then those that mail programs have."""
    own = filter(None, [appearance.theme.fonts.get("body")])
    return ", ".join(f"'{name}'" if " " in name else name for name in (*own, *appearance.tokens.families("mail-else")))


def _fitted(text: str) -> str:
    """The paragraphs (one a line) wrapped; an indented one is left as it is.

    While there are too many lines the longest paragraph loses one: of equals a rule of the gate, then the last.
    """
    paragraphs = text.strip("\n").split("\n")
    wrapped = [_wrapped(paragraph) for paragraph in paragraphs]
    while sum(map(len, wrapped)) > N_LINES:
        longest = max(range(len(wrapped)), key=lambda k: (len(wrapped[k]), paragraphs[k].startswith("- "), k))
        wrapped[longest] = _wrapped(paragraphs[longest], len(wrapped[longest]) - 1)
    return "\n".join(line for lines in wrapped for line in lines).translate(_PLAIN) + "\n"


def _wrapped(paragraph: str, max_lines: int | None = None) -> list[str]:
    if not paragraph or paragraph.startswith(" "):
        return [paragraph]
    wide = "".join(letter + _FILLER if east_asian_width(letter) in "WF" else letter for letter in paragraph)
    lines = textwrap.wrap(
        wide,
        N_COLUMNS - 1,  # a line may end between a letter and its filler
        subsequent_indent=" " * len(mark[0]) if (mark := re.match(r"- |\d\. ", paragraph)) else "",
        break_on_hyphens=False,
        max_lines=max_lines,
        placeholder=" ...",
    )
    return [line.replace(_FILLER, "") for line in lines]

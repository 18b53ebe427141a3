"""Names as text: escaping for log and terminal, CSV, Markdown, XML, HTML and charts. One function a language.

A class, a file or a label may be called anything. Whoever writes a name into a language uses the function of that
language, and then no part of it is a command, a formula, a link, a tag or a line of its own there.
"""

import re
from collections.abc import Iterable
from unicodedata import category

MAX_NAMED = 20  # names in one message
# Control characters; marks that turn the direction of writing; line and paragraph ends; what shows as nothing at all;
# halves of letters and what Unicode calls no character. U+200C and U+200D stay: emoji and many scripts need them.
_CONTROL = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff\ufffe\uffff"
_UNSEEN = "\u00ad\u180e\u200b\u2060-\u2065\ufeff\U000e0000-\U000e007f"
_NOT_SHOWN = re.compile(f"[{_CONTROL}{_UNSEEN}]")
_NOT_ON_A_PAGE = re.compile(  # whole pages are looked at: they hold line ends, and zero-width spaces in long paths
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff\ufffe\uffff]"
)
# What runners take for a command, after blanks: GitHub's ::name and ##[name], Azure's ##vso[, TeamCity's ##teamcity[.
_COMMAND = re.compile(r"(?m)^([^\S\n]*):(?=:)|#(?=#(?:\[|[a-z]+\[))")
_FORMULA_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20'")  # those in \u are the full-width ones
_MARKDOWN = re.compile(r"[\\`*_\[\]|~!]")
# What GitHub and GitLab make links of: mentions, issues, requests, milestones, addresses, emoji names, GH-1.
_LINKED = re.compile(r"[@#!%~^](?=\S)|:(?=//|[\w+-]+:)|&amp;(?=\S)|\bwww(?=\.)|\bGH(?=-)", re.IGNORECASE)
_NOTHING = "&#8203;"  # a zero-width space, as other programs that write for GitHub put it into mentions


def shown(text: str) -> str:
    r"""For log, terminal and error messages: one line, in which nothing is hidden. `\n`, `\u001b` as JSON has them."""
    return _NOT_SHOWN.sub(_escape, text)


def for_page(text: str) -> str:
    """For HTML, a whole page or a part of one: control characters and turned writing as `shown` has them."""
    return _NOT_ON_A_PAGE.sub(_escape, text)


def for_xml(text: str) -> str:
    """For attributes and text of XML 1.0, before its own escaping: one line, all of it allowed there."""
    return shown(text)


def for_chart(text: str) -> str:
    """For a label of a chart; mathematics are switched off in the chart's style."""
    return shown(text)


def for_csv(text: str) -> str:
    """For a cell, before the quoting: text that a spreadsheet would run, or that begins with ', gets a ' before it.

    Whoever removes one leading ' from each text cell has the text again.
    """
    first = next((letter for letter in text if letter in _FORMULA_STARTS or category(letter)[0] not in "ZC"), "")
    return f"'{text}" if first in _FORMULA_STARTS else text


def for_markdown(text: str) -> str:
    """For text and table cells on GitHub and GitLab: no column, line, tag, link, mention, formula or emphasis."""
    plain = _MARKDOWN.sub(r"\\\g<0>", shown(text))
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINKED.sub(rf"\g<0>{_NOTHING}", plain).replace("$", "<span>$</span>")


def for_runner(text: str) -> str:
    """Lines of ours for a terminal or a CI job's log, the last step before they go out: none of them is a command."""
    lines = "\n".join(shown(line) for line in text.split("\n"))
    return _COMMAND.sub(lambda found: f"{found[1] or ''}\\u{ord(found[0][-1]):04x}", lines)


def named(names: Iterable[str], *, most: int = MAX_NAMED, longest: int = 100) -> str:
    """Names for a message: at most `most`, each at most `longest` letters, and how many more there are."""
    everything = list(names)
    more = len(everything) - most
    words = ", ".join(_cut(shown(name), longest) for name in everything[:most])
    return f"{words} and {more:,} more" if more > 0 else words


def _cut(name: str, longest: int) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _escape(found: re.Match[str]) -> str:
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(found[0])
    if short:
        return short
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + ((code - 0x10000) >> 10):04x}\\u{0xDC00 + ((code - 0x10000) & 0x3FF):04x}"

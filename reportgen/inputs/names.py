"""Class names as they are compared: macOS writes names in Unicode's NFD, most else in NFC, and both look the same.

Every name is brought to NFC where it enters (data set, checkpoint, TOML file, command line); nothing else is changed.
"""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")

# Letters of other alphabets that are printed like Latin ones, kana like kana and like kanji (of Unicode's confusables).
_LOOK_ALIKES = str.maketrans(
    "асеорхуіјѕһԁԛԝАВЕКМНОРСТХαονρτυικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ’‘ʼ‐‑‒–—−ヘベペ力口工八二一",  # noqa: RUF001  # that is the point
    "aceopxyijshdqwABEKMHOPCTXaovptuikABEZHIKMNOPTYX'''------へべぺカロエハニー",
)


_NO_TEXT = re.compile("[\udc80-\udcff]")  # how Python holds a byte of a file's name that is no UTF-8


def nfc(name: str) -> str:
    """The form in which equal names are equal."""
    return unicodedata.normalize("NFC", name)


def as_text(name: str) -> str:
    r"""A file's name as text in Unicode: its bytes that are no UTF-8 are told as \xe9."""
    return _NO_TEXT.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", name)


def by_nfc(table: Mapping[str, Value]) -> dict[str, Value]:
    """`table` with its names in NFC; where two become one, the last stays."""
    return {nfc(name): value for name, value in table.items()}


def unlikeness(name: str, other: str) -> str:
    """What tells `name` from `other` where a reader sees no difference, in code points; "" where one is to be seen.

    Not to be seen are blanks at the ends and double ones, invisible letters, the width of letters and look-alikes.
    """
    if name == other or _seen(name) != _seen(other):
        return ""
    parts = []
    for what, start, end, other_start, other_end in difflib.SequenceMatcher(None, name, other, False).get_opcodes():
        here, there = _points(name[start:end]), _points(other[other_start:other_end])
        if what != "equal":
            parts.append(
                f"{here} instead of {there}" if here and there else f"an extra {here}" if here else f"no {there}"
            )
    return ", ".join(parts)


def _seen(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name)
    visible = "".join(letter for letter in plain if unicodedata.category(letter) not in ("Cf", "Cc"))
    return " ".join(visible.translate(_LOOK_ALIKES).split())


def _points(letters: str) -> str:
    return " ".join(f"U+{ord(letter):04X} {unicodedata.name(letter, 'without a name')}" for letter in letters)

"""Which letters the fonts here have, asked of fontconfig: WeasyPrint takes any installed font for a letter."""

import shutil
import subprocess
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cache
from unicodedata import category, name

from reportgen.errors import RenderingError
from reportgen.plain_text import for_page

LONGEST_NAME = 400  # letters; in the narrowest column of a table that is half a page
_ASK_S = 60.0
_NO_FONT_NEEDED = {"Cc", "Cf", "Zs", "Zl", "Zp"}
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0000, 0xE1000))  # say how the letter before is to look
_EMOJI = (range(0x1F000, 0x1FB00), range(0x2600, 0x27C0), range(0x2B00, 0x2C00))
_EAST_ASIAN = ("CJK", "HANGUL", "HIRAGANA", "KATAKANA", "BOPOMOFO")
_N_TOLD, _N_LETTERS = 8, 80


def lacking(text: str) -> str:
    """The letters of `text` that no installed font has, each once, in order of code points; "" where all are there.

    Also "" where there is no fontconfig to ask.
    """
    starts, ends = covered() or ((0,), (0x110000,))
    return "".join(
        letter for letter in sorted(set(text)) if _needs_a_font(letter) and not _within(letter, starts, ends)
    )


def _within(letter: str, starts: tuple[int, ...], ends: tuple[int, ...]) -> bool:
    at = bisect_right(starts, ord(letter)) - 1
    return at >= 0 and ord(letter) < ends[at]


def _needs_a_font(letter: str) -> bool:
    return category(letter) not in _NO_FONT_NEEDED and not any(ord(letter) in each for each in _SELECTORS)


@cache
def covered() -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Where the runs of code points begin that some font has, and where each ends (the first that is missing).

    Outlines and colour fonts alone: Pango draws no bitmap fonts. None without fc-list.
    """
    if not shutil.which("fc-list"):
        return None
    order = ["fc-list", "--format", "%{fontformat}\t%{charset}\n"]
    try:
        told = subprocess.run(order, capture_output=True, text=True, check=False, timeout=_ASK_S).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    runs = set()
    for line in set(told.splitlines()):
        kind, _, charset = line.partition("\t")
        if kind in ("TrueType", "CFF", "Type 1"):
            runs |= {tuple(int(end, 16) for end in run.split("-")) for run in charset.split()}
    return _merged([(run[0], run[-1] + 1) for run in runs]) if runs else None


def _merged(runs: list[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(runs):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(start for start, _ in merged), tuple(end for _, end in merged)


def packages_for(letters: Iterable[str]) -> tuple[str, ...]:
    """What apt calls fonts that have these letters; none for letters that nobody has defined."""
    found = set()
    for letter in letters:
        if category(letter) in ("Co", "Cn", "Cs"):
            continue
        if any(ord(letter) in each for each in _EMOJI):
            found.add("fonts-noto-color-emoji")
        else:
            found.add("fonts-noto-cjk" if name(letter, "").startswith(_EAST_ASIAN) else "fonts-noto-core")
    return tuple(sorted(found))


def refuse_unprintable(texts: Mapping[str, str]) -> None:
    """For the PDF: raises RenderingError for texts (by what they are) with letters that no font here has.

    All the letters are named.
    """
    missing = {thing: letters for thing, text in texts.items() if (letters := lacking(for_page(text)))}
    if missing:
        packages = packages_for("".join(missing.values()))
        told = "; ".join(f"{_listed(letters)} of {thing}" for thing, letters in list(missing.items())[:_N_TOLD])
        more = f"; and {len(missing) - _N_TOLD} more" if len(missing) > _N_TOLD else ""
        install = f"apt-get install {' '.join(packages)}, or " if packages else ""
        raise RenderingError(
            "PDF",
            found=f"no font on this machine has the letters {told}{more}",
            expected="an installed font for every letter, which the PDF needs (fc-list shows them)",
            todo=f"{install}leave the PDF out with --format html, or give other names to show with --notes",
        )


def refuse_too_long(names: Mapping[str, str]) -> None:
    """Raises RenderingError for a name (by what it names) that no page would hold."""
    for thing, text in names.items():
        if len(text) > LONGEST_NAME:
            raise RenderingError(
                "PDF",
                found=f"a name of {len(text)} letters: {thing[:80]} …",
                expected=f"at most {LONGEST_NAME} letters, which a page holds",
                todo="give a shorter name with --notes, [rename] or --model-name, or --format html",
            )


def _listed(letters: str) -> str:
    """Each with its number, as terminals may not show it either."""
    shown = ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters[:_N_LETTERS])
    return shown + (f" and {len(letters) - _N_LETTERS} more" if len(letters) > _N_LETTERS else "")


def spelt_out(page: str) -> str:
    """The page with every letter that no font here has as its number, "[U+0E41]": names of files in print."""
    return page.translate({ord(letter): f"[U+{ord(letter):04X}]" for letter in lacking(page)})

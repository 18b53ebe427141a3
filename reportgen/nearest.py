"""Nearest names, for "did you mean": bounded in time, whatever is looked for and among however many."""

import difflib
from collections.abc import Iterable

from reportgen.plain_text import shown

_N_LETTERS = 80  # of a name that are looked at
_N_KNOWN = 2000  # names that are looked at closely


def nearest(name: str, known: Iterable[str], *, n: int = 1, cutoff: float = 0.6) -> tuple[str, ...]:
    """At most `n` of `known` that are like `name`, the best first; case does not count, nor do - and _ for a blank.

    Among more than 2,000 names only those are looked at whose length and letters are nearest.
    """
    sought, plain = _plain(name), {_plain(other): other for other in known}
    if sought in plain:
        return (plain[sought],)
    candidates = list(plain)
    if len(candidates) > _N_KNOWN:
        letters = set(sought)
        candidates.sort(key=lambda one: (len(letters.symmetric_difference(one)), abs(len(one) - len(sought)), one))
        del candidates[_N_KNOWN:]
    return tuple(plain[near] for near in difflib.get_close_matches(sought, candidates, n=n, cutoff=cutoff))


def hint(name: str, known: Iterable[str]) -> str:
    """` (nearest: 'NAME')` for a message; "" where none is near."""
    return "".join(f" (nearest: {shown(near)!r})" for near in nearest(name, known, cutoff=0.75))


def _plain(name: str) -> str:
    return name[:_N_LETTERS].casefold().replace("_", " ").replace("-", " ")

"""Links on the way to a folder that is written into: somebody else's link sends files where they want them."""

import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)
_MOST_LINKS = 40  # as the system follows


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedLink:
    """A link on the way, whose it is, and where it leads."""

    path: Path
    owner: int
    to: str


def passed_links(path: Path) -> Iterator[PassedLink]:
    """Every link that the system follows on the way to `path`, in its order, the last part of the path among them."""
    at, waiting, n_links = Path("/"), list(reversed(path.absolute().parts[1:])), 0
    while waiting and n_links < _MOST_LINKS:
        part = waiting.pop()
        if part == "..":
            at = at.parent
            continue
        try:
            found = os.lstat(at / part)
        except OSError:
            return  # what is not there is made, by us
        if not stat.S_ISLNK(found.st_mode):
            at /= part
            continue
        to = str((at / part).readlink())
        yield PassedLink(path=at / part, owner=found.st_uid, to=to)
        n_links += 1
        parts = Path(to).parts
        at = Path("/") if Path(to).is_absolute() else at
        waiting += reversed(parts[1:] if Path(to).is_absolute() else parts)


def warn_of_links(option: str, path: Path, *, me: int | None = None) -> None:
    """Says which links of others (neither root's nor `me`, the user's number) lead to what `option` names."""
    mine = {0, os.geteuid() if me is None else me}
    for link in passed_links(path):
        if link.owner not in mine:
            log.warning("%s leads through %s, a link of user %d, to %s", option, link.path, link.owner, link.to)

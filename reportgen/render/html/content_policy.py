"""The Content Security Policy of a page that needs nothing from outside."""

import base64
import hashlib
import re
from collections.abc import Iterable

from markupsafe import Markup

from reportgen.errors import RenderingError

# Attributes in plain quotes alone: whoever reads more into them than a browser does puts the policy into one of them.
_BEGIN = re.compile(
    r'\s*<!DOCTYPE html>\s*<html(?:\s+[a-z-]+="[^"<>&]*")*\s*>\s*<head>(?:\s*<meta charset="utf-8">)?', re.IGNORECASE
)
# Names are escaped: each such tag of a page is a template's.
_META_OR_LINK = re.compile(r"<(?:meta|link)\b", re.IGNORECASE)
_HARMLESS = re.compile(  # one policy more forbids more, and allows nothing
    r'<meta (?:charset="utf-8"|(?:name="[\w:-]+"|http-equiv="Content-Security-Policy") content="[^"<>]*")>'
    r'|<link rel="icon" href="data:[^"<>]*">',
    re.IGNORECASE,
)


def content_policy(styles: Iterable[str], scripts: Iterable[str] = ()) -> Markup:
    """The policy's text: pictures from data URIs, and of styles and scripts exactly these, by the hash of their text.

    It takes our own texts, never a finished page, so that a script which got into the page has no hash in it.
    """
    rules = {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": _sources(styles),
        "script-src": _sources(scripts),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return Markup("; ".join(f"{name} {sources}" for name, sources in rules.items()))  # noqa: S704  # base64 and our words


def with_policy(page: str, policy: str) -> str:
    """The finished page with the policy in front of everything that could run: no template can leave it out.

    It goes to the begin of the page's head where the page begins as a plain one does; else it goes before all that
    there is, and browsers make a head for it.
    """
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    begun = _BEGIN.match(page)
    if begun:
        return f"{page[: begun.end()]}\n{meta}{page[begun.end() :]}"
    return f'<!DOCTYPE html>\n<meta charset="utf-8">\n{meta}\n{page}'


def refuse_leading_elsewhere(page: str) -> None:
    """For a page of stored templates. Raises RenderingError for a meta or link element that no policy forbids."""
    for found in _META_OR_LINK.finditer(page):
        if not _HARMLESS.match(page, found.start()):
            raise RenderingError(
                "page of the stored run's templates",
                found=page[found.start() : found.start() + 80],
                expected="nothing that leads a reader elsewhere without being asked",
                todo="name their folder again, by --templates, if they are yours; --templates none takes ours",
            )


def _sources(texts: Iterable[str]) -> str:
    return " ".join(f"'sha256-{_hash(text)}'" for text in texts) or "'none'"


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

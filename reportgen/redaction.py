"""Secrets in text that goes out: the mail password, in plain, Base64, URL form or hex, whole, broken or in part."""

import base64
import os
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

SECRETS = ("REPORTGEN_MAIL_PASSWORD",)  # environment variables
REDACTED = "[not shown: the mail password]"
_SHORTEST = 4  # letters: a shorter one is in every second word
_LONGEST_PART = 6  # letters of a secret in a row, by accident
_BETWEEN = r"(?:\\[nrt]|[45]\d\d[ -]|[\W_]){0,8}"  # line ends, also as `shown` has them, a server's codes, hyphens


def without_secrets(text: str) -> str:
    """`text` without what the environment holds of SECRETS."""
    return redacted(text, filter(None, map(os.environ.get, SECRETS)))


def redacted(text: str, secrets: Iterable[str]) -> str:
    """`text` with every form of each secret replaced, also where marks or line ends are put between its letters."""
    for secret in secrets:
        for form in _forms(secret):
            text = re.sub(_BETWEEN.join(map(re.escape, form)), REDACTED, text, flags=re.IGNORECASE)
    return text


def repeats(text: str, secrets: Iterable[str]) -> bool:
    """Whether `text` holds more than a few letters in a row of a form of a secret, forwards or backwards.

    For words of somebody who was told the secret: then they are better not shown at all.
    """
    plain = _letters(text)
    for secret in secrets:
        for form in map(_letters, _forms(secret)):
            n = min(len(form), _LONGEST_PART)
            parts = {form[start : start + n] for start in range(len(form) - n + 1)}
            if n and any(part in plain or part[::-1] in plain for part in parts):
                return True
    return False


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _forms(secret: str) -> tuple[str, ...]:
    """The longest first. In Base64 a text has three forms, by its place in what was coded with it."""
    content = secret.encode(errors="surrogatepass")
    coded = []
    for place in range(3):
        whole = base64.b64encode(bytes(place) + content).decode().rstrip("=")
        known = whole[(place * 8 + 5) // 6 :]  # without what other bytes had a part in
        coded.append(known if (place + len(content)) % 3 == 0 else known[:-1])
    safe = [form.replace("+", "-").replace("/", "_") for form in coded]
    every = {secret, *coded, *safe, quote(secret, safe=""), quote_plus(secret), content.hex()}
    return tuple(sorted((form for form in every if len(form) >= _SHORTEST), key=lambda form: (-len(form), form)))

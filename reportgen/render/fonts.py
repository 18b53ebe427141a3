"""Fonts for a language, asked of fontconfig, which finds WeasyPrint's."""

import shutil
import subprocess
from collections.abc import Iterable

from reportgen.errors import ConfigError

PACKAGES = {"ja": "fonts-noto-cjk"}  # what apt calls a font of the language


def families_for(code: str) -> tuple[str, ...] | None:
    """The installed families with the letters of the language `code`, sorted; None where there is no fc-list to ask."""
    if not shutil.which("fc-list"):
        return None
    listed = subprocess.run(["fc-list", f":lang={code}", "family"], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return tuple(sorted({line.split(",")[0].strip() for line in listed.stdout.splitlines() if line.strip()}))


def refuse_without_font(codes: Iterable[str]) -> None:
    """Raises ConfigError for a language whose letters would all be boxes in the PDF, before anything is worked out."""
    for code in codes:
        if families_for(code) == ():
            raise ConfigError(
                f"--lang {code}",
                found="no font on this machine that has its letters",
                expected="a font that fontconfig finds (fc-list), for the PDF",
                todo=f"apt-get install {PACKAGES.get(code, 'such a font')}, or --format html, or leave {code} out",
            )

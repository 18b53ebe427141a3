"""Fonts for a language, asked of fontconfig, which finds WeasyPrint's."""

import shutil
import subprocess
from collections.abc import Iterable

from reportgen.errors import ConfigError

PACKAGES = {"ja": "fonts-noto-cjk"}  # what apt calls a font of the language


def installed_families(pattern: str = ":") -> tuple[str, ...] | None:
    """The installed families that fit fontconfig's `pattern`, sorted, by all of their names; None without fc-list."""
    if not shutil.which("fc-list"):
        return None
    order = ["fc-list", pattern, "family"]
    try:
        listed = subprocess.run(order, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return tuple(
        sorted({name.strip() for line in listed.stdout.splitlines() for name in line.split(",") if name.strip()})
    )


def families_for(code: str) -> tuple[str, ...] | None:
    """The installed families with the letters of the language `code`; None where there is no fc-list to ask."""
    return installed_families(f":lang={code}")


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

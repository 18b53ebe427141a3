"""The logo of [theme], read and refused before device time is spent: pages and PDF take it as it is."""

from pathlib import Path

from reportgen.compose.appearance import Logo
from reportgen.errors import in_one_line
from reportgen.render.logo import LARGEST, logo_of, refused_logo


def read_logo(path: Path, alt: str) -> Logo:
    """The logo. Raises ConfigError for what is no file, and what `logo_of` does."""
    thing = f"[theme] logo {path}"
    try:
        if not path.is_file():
            raise refused_logo(thing, "no such file" if not path.exists() else "no file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise refused_logo(thing, in_one_line(error)) from error
    if len(content) > LARGEST:
        raise refused_logo(thing, f"{path.stat().st_size:,} bytes")
    return logo_of(content, alt, thing)

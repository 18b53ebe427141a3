"""Text files of users (TOML, CSV, annotations): UTF-8, with a byte order mark or without, and UTF-16 with one.

Windows' editors and PowerShell write these marks; a reader that does not know them sees an invalid first letter.
"""

import codecs
from pathlib import Path

_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path) -> str:
    """The text of `path` without its mark. Raises OSError, and UnicodeDecodeError for any other encoding."""
    content = path.read_bytes()
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding).replace("\r\n", "\n")

"""Text files of users (TOML, CSV, annotations): UTF-8, with a byte order mark or without, and UTF-16 with one.

Windows' editors and PowerShell write these marks; a reader that does not know them sees an invalid first letter.
"""

import codecs
from pathlib import Path

from reportgen.errors import WordedError
from reportgen.inputs.plain_files import TooLargeError

MAX_TEXT_BYTES = 2**28  # a table of some millions of images
_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path) -> str:
    """The text of `path` without its mark. Raises OSError, also where it is too large; WordedError for its encoding."""
    with path.open("rb") as file:  # also a pipe: --config <(...)
        content = file.read(MAX_TEXT_BYTES + 1)
    if len(content) > MAX_TEXT_BYTES:
        raise TooLargeError(str(path), path.stat().st_size, MAX_TEXT_BYTES)
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WordedError(
            f"not {encoding.upper()}: byte 0x{content[error.start]:02x} on line {line}{_guess(content)}"
        ) from error
    if "\0" in text:  # a minute for pandas where there are many
        raise WordedError(f"no text: a byte 0 on line {text.count(chr(10), 0, text.index(chr(0))) + 1}")
    return text.replace("\r\n", "\n")


def _guess(content: bytes) -> str:
    """Shift-JIS, where every byte has a meaning in it and kana come out: Korean and Chinese encodings seldom read so.

    A guess, and said as one. EUC-JP is not guessed: Big5 and EUC-KR look like it.
    """
    try:
        letters = [letter for letter in content.decode("cp932") if not letter.isascii()]
    except UnicodeDecodeError:
        return ""
    n_kana = sum("\u3041" <= letter <= "\u30ff" for letter in letters)
    japanese = all("\u3000" <= letter <= "\u30ff" or "\u4e00" <= letter <= "\u9fff" for letter in letters)
    return "; it may be Shift-JIS (CP932)" if n_kana and japanese else ""

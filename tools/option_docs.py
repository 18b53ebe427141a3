"""`python -m tools.option_docs`: docs/reportgen.toml and the README's table of options, from the declared options."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from pathlib import Path

from reportgen.declared import Declared, declared
from reportgen.options import RunOptions
from reportgen.tokens import house_tokens

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE, README = ROOT / "docs" / "reportgen.toml", ROOT / "README.md"
MARKED = re.compile(r"(<!-- options: .*?-->\n\n).*?(\n\n<!-- end of options -->)", re.DOTALL)
_HEAD = """\
# Every option of `reportgen run`, with its default. What stands behind a # is an example of an option that has none.
# Relative paths are relative to the current directory. The command line wins over this file.
# Made by `python -m tools.option_docs` from the options that the stages declare.
"""
_WIDTH = 120


def toml_text() -> str:
    """The whole of docs/reportgen.toml."""
    options = [each for each in declared(RunOptions) if each.key]
    parts = [_HEAD]
    for table in dict.fromkeys(each.table for each in options):
        inside = [each for each in options if each.table == table]
        lines = [line for each in inside if not _is_table(each) for line in _entry(each)]
        if table:
            lines.insert(0, f"[{table}]" + (f"  # {inside[0].group.about}" if inside[0].group.about else ""))
        parts.append("\n".join(lines))
        if table:
            parts += ["\n".join(_as_table(each)) for each in inside if _is_table(each)]
    parts += ["\n".join(_as_table(each)) for each in options if _is_table(each) and not each.table]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def readme_table() -> str:
    """The options of the command line, as a table in Markdown."""
    rows = ["| option | meaning | default |", "|---|---|---|"]
    for each in declared(RunOptions):
        if each.flag and not each.table:
            meaning = " ".join(filter(None, (each.option.help, each.option.more))).replace("|", r"\|")
            rows.append(f"| `{each.flag}` | {meaning} | {_default(each)} |")
    return "\n".join(rows)


def readme_text(text: str) -> str:
    """The README with its table as it is now."""
    return MARKED.sub(lambda found: f"{found[1]}{readme_table()}{found[2]}", text)


def _default(option: Declared) -> str:
    if option.option.unset or option.default is MISSING:
        return option.unset
    return f"`{option.unset}`" if option.unset else "off" if option.default is False else "none"


def _entry(option: Declared) -> Iterator[str]:
    """A line, its comment behind it or, where that is too long, above."""
    given = option.default if option.default is not MISSING else None
    line = f"{option.key.rpartition('.')[2]} = {_example(option) if given is None else _value(given)}"
    line = line if given is not None or option.default is MISSING else f"# {line}"
    told = f" Default: {option.option.unset}." if option.option.unset and given is None else ""
    about = ("Required. " if option.default is MISSING else "") + option.option.help.replace("`", "") + told
    if len(f"{line}  # {about}") <= _WIDTH:
        yield f"{line}  # {about}"
    else:
        yield from textwrap.wrap(about, _WIDTH, initial_indent="# ", subsequent_indent="# ")
        yield line


def _example(option: Declared) -> str:
    """Of a colour that of the house."""
    colours = house_tokens().colours("dark" if option.table == "theme.dark" else "light")
    return option.option.example or json.dumps(colours[option.path[-1]])


def _is_table(option: Declared) -> bool:
    """Whether its value is a mapping, or a list of tables: it has a head of its own."""
    return isinstance(option.default, Mapping) or (option.default == () and "\n" in option.option.example)


def _as_table(option: Declared) -> Iterator[str]:
    about = option.option.help.replace("`", "")
    yield f"[{option.key}]  # {about}" if isinstance(option.default, Mapping) else f"# [[{option.key}]]  # {about}"
    yield from (f"# {line}" for line in option.option.example.splitlines())


def _value(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:_}"
    return json.dumps(list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value)


def main() -> None:
    """Writes both files."""
    EXAMPLE.write_text(toml_text(), encoding="utf-8")
    README.write_text(readme_text(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

"""All options of a run: from the command line, over a TOML file, over the defaults of the stages that declare them.

What a checkpoint says of an option that is not given comes next, where the inputs are read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from reportgen.analyse.gate_rules import GateRules
from reportgen.compose.options import ALL_FORMATS, Formats, Languages, ReportOptions, Sections, Templates
from reportgen.declared import Declared, built, declared
from reportgen.deliver.archive.options import ArchiveOptions, RetentionOptions
from reportgen.deliver.mail.settings import MailSettings
from reportgen.errors import ConfigError, in_one_line
from reportgen.evaluate.options import ComputeOptions, LoopOptions
from reportgen.explain.options import ExplainOptions
from reportgen.inputs.options import HistoryOptions, InputOptions, NotesPath
from reportgen.inputs.text_files import read_text
from reportgen.option import Group, Option
from reportgen.option_errors import Source, checked, cut_repr, missing, unknown
from reportgen.runs.appearance import ThemeOptions
from reportgen.toml_text import toml_value

Options = TypeVar("Options")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """One run. sources: by key who gave each option that is not left at its default."""

    GROUP: ClassVar = Group("Evaluation")

    inputs: InputOptions
    compute: ComputeOptions = field(default_factory=ComputeOptions)
    loop: LoopOptions = field(default_factory=LoopOptions)
    resume: Annotated[bool, Option("Take over the evaluation of a run that ended after it.")] = False
    explain: ExplainOptions = field(default_factory=ExplainOptions)
    history: HistoryOptions = field(default_factory=HistoryOptions)
    gate: GateRules = field(default_factory=GateRules)
    report: ReportOptions = field(default_factory=ReportOptions)
    theme: ThemeOptions = field(default_factory=ThemeOptions)
    archive: ArchiveOptions = field(default_factory=ArchiveOptions)
    retention: RetentionOptions = field(default_factory=RetentionOptions)
    mail: MailSettings | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What `reportgen render` may change in a stored run; None is as it was."""

    GROUP: ClassVar = Group("Report")

    formats: Formats = ALL_FORMATS
    lang: Languages | None = None
    sections: Sections | None = None
    templates: Templates | None = None
    theme: ThemeOptions | None = None
    notes: NotesPath = None


def read_options(
    kind: type[Options],
    given: Mapping[str, Any],
    toml_path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
) -> Options:
    """The options of `kind`: what is not None in `given` (the command line, by key) wins over the TOML file.

    Of the file, keys of `RunOptions` that are none of `kind` are left alone. Relative paths in it are relative to the
    current directory, like those of the command line. Raises ConfigError for an unreadable file, an unknown key (with
    the nearest one), a missing or a wrong value.
    """
    content = _toml(toml_path, kind) if toml_path else {}
    _refuse_unknown_keys(kind, content, toml_path)
    said = dict(_said(kind, given, content, environment or {}))
    parts = frozenset(  # a user and a password alone ask for no mail
        each.part for each in declared(kind) if each.key and (each.path in said or _in(content, each.table) is not None)
    )
    values: dict[tuple[str, ...], Any] = {}
    for each in declared(kind):
        if each.path in said:
            values[each.path] = checked(each, *said[each.path], path=toml_path)
        elif each.default is MISSING and (each.part in parts or not each.part):
            raise missing(each, toml_path)
    if "sources" in {each.name for each in fields(kind)}:  # type: ignore[arg-type]  # a dataclass
        values["sources",] = {each.key: said[each.path][1] for each in declared(kind) if each.key and each.path in said}
    return built(kind, values, parts)


def _said(
    kind: type, given: Mapping[str, Any], content: Mapping[str, Any], environment: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], tuple[Any, Source]]]:
    """What was given, and by whom, by path."""
    for each in declared(kind):
        if given.get(each.key) is not None:
            yield each.path, (given[each.key], "command line")
        elif (value := _in(content, each.key)) is not None:
            yield each.path, (value, "configuration file")
        elif each.option.environment in environment:
            yield each.path, (environment[each.option.environment], "environment")


def _in(content: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key; None where there is none."""
    found: Any = content
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _toml(path: Path, kind: type) -> dict[str, Any]:
    try:
        content = toml_value(read_text(path))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"configuration file {path}",
            found=in_one_line(error),
            expected="a TOML file in UTF-8",
            todo="check --config and the line named above",
        ) from error
    known = list(dict.fromkeys(each.key.partition(".")[0] for one in (RunOptions, kind) for each in declared(one)))
    for key in content:
        if key not in known:
            raise unknown(f"configuration file {path}: {key}", key, [name for name in known if name], start="one of ")
    for each in declared(RunOptions):
        if each.option.older:
            _move(content, each, path)
    return content


def _move(content: dict[str, Any], option: Declared, path: Path) -> None:
    """A key of older files becomes the option's own; two that differ contradict each other."""
    table, _, key = option.option.older.rpartition(".")
    older, own = _in(content, option.option.older), content.get(option.key)
    if older is None:
        return
    if own is not None and own != older:
        raise ConfigError(
            f"{option.key} in {path}",
            found=f"{cut_repr(own)}, and {cut_repr(older)} in [{table}]",
            expected="one number: over it the run stops",
            todo=f"remove it from [{table}]",
        )
    content[option.key] = older
    content[table] = {name: value for name, value in content[table].items() if name != key}


def _refuse_unknown_keys(kind: type, content: Mapping[str, Any], path: Path | None) -> None:
    """In the tables of `kind`, and what should be a table and is none."""
    tables = {each.table for each in declared(kind)} - {""}
    for table in sorted(tables):
        found = _in(content, table)
        known = [each.key for each in declared(kind) if each.key.rpartition(".")[0] == table]
        if found is not None and not isinstance(found, dict):
            todo = f"correct {table} in {path}: [{table}], and below it a line for each option"
            raise ConfigError(f"{table} in {path}", found=cut_repr(found), expected="a table", todo=todo)
        for key in found or ():
            if f"{table}.{key}" not in {*known, *tables}:
                raise unknown(f"{table}.{key}", key, [name.rpartition(".")[2] for name in known])

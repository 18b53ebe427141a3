"""All options of a run: from the command line, over a TOML file, over the defaults here."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator

from reportgen.compose.report import SECTIONS
from reportgen.config_tables import (
    AcceptedTable,
    ArchiveTable,
    ExplainTable,
    GateTable,
    MailTable,
    PreprocessingTable,
    Table,
    ThemeTable,
)
from reportgen.errors import ConfigError, in_one_line
from reportgen.explain.methods.registry import DEFAULT_METHODS, METHODS
from reportgen.inputs.names import nfc
from reportgen.inputs.text_files import read_text
from reportgen.language import LANGUAGES
from reportgen.nearest import nearest
from reportgen.toml_text import toml_value

_LONGEST_NAME = 200
Read = TypeVar("Read", bound=Table)
TABLES: Mapping[str, type[Table]] = MappingProxyType(
    {
        "preprocessing": PreprocessingTable,
        "explain": ExplainTable,
        "gate": GateTable,
        "mail": MailTable,
        "archive": ArchiveTable,
        "theme": ThemeTable,
    }
)


def _split(value: object) -> object:
    """A comma-separated text is a list: `--format html,pdf`."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _known_formats(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or set(value) - {"html", "pdf"}:
        raise ValueError("html, pdf or both")
    return value


def _known_languages(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or set(value) - set(LANGUAGES):
        raise ValueError(f"some of {', '.join(LANGUAGES)}; the first is report.html and the mail")
    return tuple(dict.fromkeys(value))


def _all_sections(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(SECTIONS) if value == ("all",) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Formats = Annotated[Names, AfterValidator(_known_formats)]
Languages = Annotated[Names, AfterValidator(_known_languages)]
Sections = Annotated[Names, AfterValidator(_all_sections)]


class Anew(Table):
    """What `reportgen render` may change in a stored run; None is as it was."""

    format: Formats = ("html", "pdf")
    lang: Languages | None = None
    sections: Sections | None = None
    templates: Path | None = None
    theme: ThemeTable | None = None
    notes: Path | None = None


class Config(Table):
    """One run. Names are those of the command line with underscores; tables are for the TOML file only."""

    checkpoint: Path
    dataset: str
    data_root: Path
    split: str = "test"
    download: bool = False
    arch: str | None = None
    model_name: str | None = None
    out: Path = Path("reports")
    ci_dir: Path | None = None
    lang: Languages = ("en",)
    format: Formats = ("html", "pdf")
    device: str = "auto"
    precision: Literal["fp32", "bf16"] = "fp32"
    batch_size: int = Field(default=64, ge=1, le=65_536)
    workers: int | None = Field(default=None, ge=0, le=1024)
    methods: Names = DEFAULT_METHODS
    target_layer: str | None = None
    baseline: str = "latest"
    across_precision: bool = False
    resume: bool = False
    strict_gate: bool = False
    max_unreadable: float = Field(default=0.01, ge=0, le=1)
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    species: Path | None = None
    notes: Path | None = None
    notice: str | None = None
    sections: Sections = tuple(SECTIONS)
    templates: Path | None = None
    preprocessing: PreprocessingTable | None = None
    explain: ExplainTable = ExplainTable()
    gate: GateTable = GateTable()
    mail: MailTable | None = None
    archive: ArchiveTable = ArchiveTable()
    theme: ThemeTable = ThemeTable()
    rename: dict[str, str] = Field(default_factory=dict)

    @field_validator("rename")
    @classmethod
    def _names_as_they_are_compared(cls, value: dict[str, str]) -> dict[str, str]:
        return {nfc(name): nfc(other) for name, other in value.items()}

    @field_validator("methods")
    @classmethod
    def _known_methods(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return known_methods(value)

    @field_validator("model_name")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not (
            value.isprintable() and value.strip() == value and 0 < len(value) <= _LONGEST_NAME
        ):
            raise ValueError(f"a name of one line, 1 to {_LONGEST_NAME} characters, with no blank at either end")
        return value


def known_methods(names: tuple[str, ...]) -> tuple[str, ...]:
    """The methods named, in the order of METHODS, own ones (package.module:attribute) last; "all" is every built-in.

    Raises ValueError for a name that is neither.
    """
    unknown = [name for name in names if name not in METHODS and name != "all" and ":" not in name]
    if unknown or not names:
        near = nearest(unknown[0], METHODS) if unknown else ()
        hint = f"{near[0]} (the nearest name), or " if near else ""
        raise ValueError(f"{hint}all, or some of {', '.join(METHODS)}, or package.module:attribute")
    chosen = set(METHODS) if "all" in names else set(names)
    return (*(name for name in METHODS if name in chosen), *dict.fromkeys(name for name in names if ":" in name))


def read_config(given: Mapping[str, Any], toml_path: Path | None = None) -> Config:
    """The configuration: what is not None in `given` (the command line) wins over the TOML file.

    Relative paths in the file are relative to the current directory, like those of the command line. Raises ConfigError
    for an unreadable file, an unknown key (with the nearest one), a missing or a wrong value.
    """
    return _read(Config, given, toml_path)


def read_anew(given: Mapping[str, Any], toml_path: Path | None = None) -> Anew:
    """What a new rendering changes, as `read_config` reads it; the file's keys that only a run needs are left alone."""
    return _read(Anew, given, toml_path)


def _read(kind: type[Read], given: Mapping[str, Any], toml_path: Path | None) -> Read:
    from_file = {key: value for key, value in _toml(toml_path).items() if key in kind.model_fields} if toml_path else {}
    values = {**from_file, **{key: value for key, value in given.items() if value is not None}}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise _config_error(first, from_file=str(first["loc"][0]) in from_file, path=toml_path) from error


def read_table(name: str, given: Mapping[str, Any], toml_path: Path | None = None) -> Table:
    """One table of the TOML file alone, for commands that make no report; what is not None in `given` wins.

    Raises ConfigError as `read_config` does.
    """
    from_file = _toml(toml_path).get(name, {}) if toml_path else {}
    try:
        said = {key: it for key, it in given.items() if it is not None}
        return TABLES[name].model_validate({**from_file, **said} if isinstance(from_file, dict) else from_file)
    except ValidationError as error:
        first = error.errors()[0]
        inside = not first["loc"] or str(first["loc"][0]) in from_file
        raise _config_error({**first, "loc": (name, *first["loc"])}, from_file=inside, path=toml_path) from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        content = toml_value(read_text(path))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"configuration file {path}",
            found=in_one_line(error),
            expected="a TOML file in UTF-8",
            todo="check --config and the line named above",
        ) from error
    for key in content:
        if key not in Config.model_fields:
            near = nearest(key, Config.model_fields)
            raise ConfigError(
                f"configuration file {path}: {key}",
                found="an unknown key",
                expected=f"{near[0]} (the nearest key)" if near else f"one of {', '.join(Config.model_fields)}",
                todo="correct or remove the key",
            )
    return _with_one_number(content, path)


def _with_one_number(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """`[gate] max_unreadable`, of older files, is the option max_unreadable; two that differ contradict each other."""
    gate = content.get("gate")
    if not isinstance(gate, dict) or "max_unreadable" not in gate:
        return content
    older, own = gate["max_unreadable"], content.get("max_unreadable")
    if own is not None and own != older:
        raise ConfigError(
            f"max_unreadable in {path}",
            found=f"{_cut_repr(own)}, and {_cut_repr(older)} in [gate]",
            expected="one number: over it the run stops",
            todo="remove it from [gate]",
        )
    rules = {key: value for key, value in gate.items() if key != "max_unreadable"}
    return {**content, "gate": rules, "max_unreadable": older}


_OPTIONS = MappingProxyType({"mail.to": "--to", "archive.keep": "--keep", "archive.keep_days": "--keep-days"})


def _config_error(first: Any, *, from_file: bool, path: Path | None) -> ConfigError:
    """Names the option of the command line where there is one, else the key of the file."""
    table, key = str(first["loc"][0]), ".".join(str(part) for part in first["loc"])
    in_file = f"{key} in {path or 'the file named by --config'}"
    option = _OPTIONS.get(key, "") if table in (*TABLES, "rename") else "--" + table.replace("_", "-")
    if first["type"] == "missing":
        ways = [option, in_file] if option else [in_file]
        return ConfigError(option or key, found="nothing", expected="a value", todo=f"give {', or '.join(ways)}")
    if first["type"] == "extra_forbidden":
        known = (AcceptedTable if "accepted" in first["loc"] else TABLES[table]).model_fields
        near = nearest(str(first["loc"][-1]), known)
        expected = f"{near[0]} (the nearest key)" if near else ", ".join(known)
        return ConfigError(key, found="an unknown key", expected=expected, todo="correct or remove the key")
    named = in_file if from_file or not option else option
    return ConfigError(
        named,
        found=_cut_repr(first["input"]),
        expected=str(first["msg"]).removeprefix("Value error, "),
        todo=f"correct {key if named == in_file else option}",
    )


def _cut_repr(value: object) -> str:
    try:
        words = repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        words = "a number of thousands of digits"
    return words if len(words) <= 200 else words[:199] + "…"

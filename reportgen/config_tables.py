"""The tables of the TOML file."""

from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from reportgen.inputs.images.preprocessing_values import SizeSetting, checked
from reportgen.inputs.names import by_nfc, nfc
from reportgen.language import LANGUAGES
from reportgen.runs.appearance import COLOURS, FONTS, checked_colour, checked_family

Fraction = Field(default=None, ge=0, le=1)
LARGEST_NUMBER = 2**53  # a float has every whole number up to it


class Table(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_plain(cls, value: Any, info: ValidationInfo) -> Any:
        """Numbers have bounds, and true is not 1, however deep they lie; a table in the table does it for itself."""
        kind = cls.model_fields[str(info.field_name)].annotation
        if not isinstance(value, dict) or "dict[" in str(kind):
            _refuse_odd(value, may_be_bool=kind in (bool, bool | None))
        return value


def _refuse_odd(value: Any, *, may_be_bool: bool = False) -> None:
    """Raises ValueError for true in a number's place, for no finite or a huge number, and for text that holds a NUL."""
    if isinstance(value, bool) and not may_be_bool:
        raise ValueError("a number or a text, not true or false")
    if isinstance(value, int | float) and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise ValueError(f"a finite number, at most {LARGEST_NUMBER:,}")
    if "\0" in (str(value) if isinstance(value, str | Path) else ""):
        raise ValueError("text without NUL")
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            _refuse_odd(part)


class PreprocessingTable(Table):
    """[preprocessing]: how pictures become the model's input; what is not given here is the checkpoint's.

    See `inputs.preprocessing.Preprocessing`.
    """

    resize: SizeSetting | None = None
    crop: SizeSetting | None = None
    fit: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    interpolation: str | None = None
    exif: str | None = None
    channels: int | None = None

    @field_validator("*", mode="plain")
    @classmethod
    def _is_right(cls, value: Any, info: ValidationInfo) -> Any:
        _refuse_odd(value)  # a plain validator takes the place of those before it
        return checked(str(info.field_name), value)


class ExplainTable(Table):
    """[explain]: how much is worked out for the maps; see `explain.options.ExplainOptions`."""

    batch_size: int = Field(default=16, ge=1, le=65_536)
    smooth_grad_samples: int = Field(default=50, ge=1, le=100_000)
    noise_frac: float = Field(default=0.15, ge=0, le=1)
    insertion_steps: int = Field(default=8, ge=0, le=1000)
    random_maps: int = Field(default=8, ge=1, le=10_000)
    certificate_pictures: int = Field(default=12, ge=0, le=100_000)
    focus_pictures: int = Field(default=200, ge=0, le=10_000_000)

    @field_validator("insertion_steps")
    @classmethod
    def _is_a_curve(cls, value: int) -> int:
        if value == 1:
            raise ValueError("a curve needs 2 steps or more; 0 for no curves")
        return value


class AcceptedTable(Table):
    """[[gate.accepted]]: a pair of classes that is known to look alike."""

    pair: tuple[str, str]
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    expires: date

    @field_validator("pair")
    @classmethod
    def _is_a_pair(cls, value: tuple[str, str]) -> tuple[str, str]:
        if value[0] == value[1]:
            raise ValueError("two different classes")
        return nfc(value[0]), nfc(value[1])


class GateTable(Table):
    """[gate]: the rules; see `analyse.gate.GateRules`."""

    accuracy_margin: float | None = Fraction
    min_accuracy: float | None = Fraction
    min_balanced_accuracy: float | None = Fraction
    min_macro_f1: float | None = Fraction
    min_species_accuracy: float | None = Fraction
    min_recall: dict[str, float] = Field(default_factory=dict)
    no_worse_classes: bool = False
    no_worse_pairs: bool = False
    max_pair_rate: float | None = Fraction
    no_new_cross_species: bool = False
    max_cross_species: int | None = Field(default=None, ge=0, le=1_000_000_000)
    max_ece: float | None = Fraction
    accepted: tuple[AcceptedTable, ...] = ()

    @field_validator("min_recall")
    @classmethod
    def _are_fractions(cls, value: dict[str, float]) -> dict[str, float]:
        wrong = [f"{name} = {floor}" for name, floor in value.items() if not 0 <= floor <= 1]
        if wrong:
            raise ValueError(f"fractions from 0 to 1, found {wrong[0]}")
        return by_nfc(value)


class MailTable(Table):
    """[mail]: whom to send the PDF; user and password come from the environment. See `deliver.mail.MailSettings`."""

    sender: str = "reportgen@localhost"
    to: tuple[str, ...] = Field(min_length=1)
    host: str | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    ca_file: Path | None = None
    timeout_s: float = Field(default=30.0, gt=0, le=3600)
    n_attempts: int = Field(default=3, ge=1, le=100)
    wait_s: float = Field(default=10.0, ge=0, le=3600)
    max_bytes: int = Field(default=8_000_000, ge=10_000, le=1_000_000_000)
    link: str = ""
    lang: str | None = None

    @field_validator("lang")
    @classmethod
    def _is_a_language(cls, value: str | None) -> str | None:
        if value is not None and value not in LANGUAGES:
            raise ValueError(f"one of {', '.join(LANGUAGES)}, found {value!r}")
        return value


class Colours(Table):
    """Tokens in place of the house's, "#rrggbb". See `runs.appearance.Theme`."""

    ink: str | None = None
    soft: str | None = None
    rule: str | None = None
    paper: str | None = None
    wash: str | None = None
    accent: str | None = None
    alarm: str | None = None

    @field_validator(*COLOURS)
    @classmethod
    def _is_a_colour(cls, value: str | None) -> str | None:
        return None if value is None else checked_colour(value)


class ThemeTable(Colours):
    """[theme]: logo, colours and fonts of the report; [theme.dark]: colours by night."""

    logo: Path | None = None
    logo_alt: str = "Logo"
    font_body: str | None = None
    font_heading: str | None = None
    font_mono: str | None = None
    dark: Colours = Colours()

    @field_validator(*(f"font_{name}" for name in FONTS))
    @classmethod
    def _is_a_family(cls, value: str | None) -> str | None:
        return None if value is None else checked_family(value)


class ArchiveTable(Table):
    """[archive]: what a run prunes at its end; nothing where neither is given. See `deliver.retention`."""

    keep: int | None = Field(default=None, ge=1, le=1_000_000)
    keep_days: float | None = Field(default=None, gt=0, le=36_500)

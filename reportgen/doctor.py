"""`reportgen doctor`: what this machine has, and what is missing for a report."""

import ctypes.util
import importlib
import importlib.metadata
import os
import platform
from dataclasses import dataclass
from typing import Literal

from reportgen.errors import in_one_line
from reportgen.package_files import templates_dir
from reportgen.render.pdf.fonts import families_for
from reportgen.render.pdf.letters import covered, lacking, packages_for

APT_LINE = "apt-get install -y libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the doctor. `todo` is empty when nothing has to be done."""

    name: str
    state: Literal["ok", "missing", "note"]
    found: str
    todo: str = ""


def checks() -> tuple[Check, ...]:
    """All checks, in the order of the stages that need them."""
    return (
        Check(name="Python", state="ok", found=f"{platform.python_version()} on {platform.machine()}"),
        Check(name="cores", state="ok", found=str(os.cpu_count())),
        *(_package(name) for name in ("torch", "torchvision", "captum", "matplotlib", "weasyprint")),
        _cuda(),
        _library("Pango", "pangoft2-1.0", "missing", "no PDF without it"),
        _library("HarfBuzz subset", "harfbuzz-subset", "note", "without it a page takes seconds longer"),
        _japanese_font(),
        _letters(),
        Check(name="templates", state="ok", found=str(templates_dir())),
    )


def _package(name: str) -> Check:
    try:
        importlib.import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        found = in_one_line(error)
        return Check(name=name, state="missing", found=found, todo=f"pip install {name}, or the libraries named here")
    return Check(name=name, state="ok", found=importlib.metadata.version(name))


def _cuda() -> Check:
    try:
        import torch
    except (ImportError, OSError, RuntimeError) as error:
        return Check(name="CUDA", state="note", found=f"not known without torch: {in_one_line(error)}")
    if not torch.cuda.is_available():
        return Check(name="CUDA", state="note", found="no device that torch sees; runs use the CPU")
    names = ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
    return Check(name="CUDA", state="ok", found=f"{names} (CUDA {torch.version.cuda})")


def _library(name: str, library: str, state: Literal["missing", "note"], why: str) -> Check:
    found = ctypes.util.find_library(library)
    if found:
        return Check(name=name, state="ok", found=found)
    return Check(name=name, state=state, found=f"no lib{library}: {why}", todo=APT_LINE)


def _japanese_font() -> Check:
    families = families_for("ja")
    if families is None:
        return Check(name="Japanese font", state="note", found="not known: no fontconfig (fc-list)", todo=APT_LINE)
    if not families:
        return Check(name="Japanese font", state="note", found="none: no PDF in Japanese without it", todo=APT_LINE)
    return Check(name="Japanese font", state="ok", found=", ".join(families[:3]))


# A letter of each, in names that people give.
_SCRIPTS = {
    "Greek": "Ω",
    "Cyrillic": "Ж",
    "Hebrew": "ש",
    "Arabic": "ق",
    "Devanagari": "क",
    "Bengali": "ক",
    "Tamil": "க",
}
_SCRIPTS |= {
    "Thai": "แ",
    "Georgian": "ქ",
    "Armenian": "Հ",
    "Khmer": "ខ",
    "Chinese": "猫",
    "Korean": "한",
    "emoji": "🐱",
}


def _letters() -> Check:
    if covered() is None:
        return Check(name="letters", state="note", found="not known: no fontconfig (fc-list)", todo=APT_LINE)
    without = {script: letter for script, letter in _SCRIPTS.items() if lacking(letter)}
    if not without:
        return Check(name="letters", state="ok", found=f"of {len(_SCRIPTS)} scripts, Latin and Japanese aside")
    packages = " ".join(packages_for(without.values()))
    todo = f"apt-get install -y {packages}, for a PDF with such names; HTML needs no font here"
    return Check(name="letters", state="note", found=f"no font for {', '.join(without)}", todo=todo)

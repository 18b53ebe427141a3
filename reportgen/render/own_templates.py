"""Templates of one's own: read once, so that a stored run is rendered the same without their folder."""

import difflib
import logging
from collections.abc import Mapping
from pathlib import Path

from jinja2 import TemplateSyntaxError

from reportgen.errors import ConfigError, in_one_line
from reportgen.render.environment import environment, templates_dir

log = logging.getLogger(__name__)


def read_templates(folder: Path) -> Mapping[str, str]:
    """The texts of all files below `folder` by their path in it; hidden ones are left out.

    A name that almost overrides one of ours is logged as a warning. Raises ConfigError when `folder` is none, a file of
    it cannot be read as UTF-8, or a template (NAME.j2) cannot be parsed.
    """
    if not folder.is_dir():
        raise _refused(folder, "no such directory", "a folder of templates")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    seen = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    texts: dict[str, str] = {}
    for path in seen:
        try:
            texts[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise _refused(path, in_one_line(error), "a template or style sheet in UTF-8") from error
    _refuse_unparsed(folder, texts)
    ours = {path.relative_to(templates_dir()).as_posix() for path in templates_dir().rglob("*") if path.is_file()}
    for name in texts.keys() - ours:
        for near in difflib.get_close_matches(name, ours, n=1, cutoff=0.8):
            log.warning("%s overrides nothing (nearest: %s)", folder / name, near)
    return texts


def _refuse_unparsed(folder: Path, texts: Mapping[str, str]) -> None:
    made = environment(str)
    for name in texts:
        try:
            if name.endswith(".j2"):
                made.parse(texts[name])
        except TemplateSyntaxError as error:
            raise _refused(f"{folder / name}, line {error.lineno}", in_one_line(error), "a Jinja template") from error


def _refused(path: Path | str, found: str, expected: str) -> ConfigError:
    return ConfigError(f"--templates {path}", found=found, expected=expected, todo="correct --templates, or that file")

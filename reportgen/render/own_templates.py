"""Templates of one's own: read once, so that a stored run is rendered the same without their folder."""

import logging
from collections.abc import Mapping
from pathlib import Path

from jinja2 import TemplateSyntaxError, nodes

from reportgen.errors import ConfigError, in_one_line
from reportgen.inputs.text_files import read_text
from reportgen.nearest import nearest
from reportgen.package_files import templates_dir
from reportgen.render.environment import OTHER_FILTERS, environment

log = logging.getLogger(__name__)
_KINDS = (".j2", ".css", ".js")


def read_templates(folder: Path) -> Mapping[str, str]:
    """The templates, style sheets and scripts below `folder` by their path in it; other and hidden files are left out.

    A name that almost overrides one of ours is logged as a warning. Raises ConfigError when `folder` is none, a file of
    it cannot be read as UTF-8, or a template (NAME.j2) cannot be parsed or uses a filter that there is not.
    """
    if not folder.is_dir():
        raise _refused(folder, "no such directory", "a folder of templates")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in _KINDS)
    seen = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    texts: dict[str, str] = {}
    for path in seen:
        try:
            texts[path.relative_to(folder).as_posix()] = read_text(path)
        except (OSError, ValueError) as error:
            raise _refused(path, in_one_line(error), "a template or style sheet in UTF-8") from error
    _refuse_unparsed(folder, texts)
    ours = {path.relative_to(templates_dir()).as_posix() for path in templates_dir().rglob("*") if path.is_file()}
    for name in texts.keys() - ours:
        for near in nearest(name, ours, cutoff=0.8):
            log.warning("%s overrides nothing (nearest: %s)", folder / name, near)
    return texts


def _refuse_unparsed(folder: Path, texts: Mapping[str, str]) -> None:
    made = environment(str)
    for name in texts:
        try:
            used = made.parse(texts[name]).find_all(nodes.Filter) if name.endswith(".j2") else ()
        except TemplateSyntaxError as error:
            raise _refused(f"{folder / name}, line {error.lineno}", in_one_line(error), "a Jinja template") from error
        known = {*made.filters, *OTHER_FILTERS}
        for one in used:
            if one.name not in known:
                near = nearest(one.name, known)
                expected = f"{near[0]} (the nearest filter)" if near else "a filter of Jinja's or of render/filters.py"
                raise _refused(f"{folder / name}, line {one.lineno}", f"no filter named {one.name!r}", expected)


def _refused(path: Path | str, found: str, expected: str) -> ConfigError:
    return ConfigError(f"--templates {path}", found=found, expected=expected, todo="correct --templates, or that file")

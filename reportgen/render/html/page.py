"""The templates and their environment: the same template for the screen and for print."""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Literal

from jinja2 import Environment
from markupsafe import Markup

from reportgen.compose.report import Report
from reportgen.compose.sheet import Sheet
from reportgen.explain.method_traits import MethodText, MethodUse, description, text_in_language
from reportgen.inputs.facts import RunFacts
from reportgen.inputs.notes import Notes
from reportgen.language import N_, Language, language
from reportgen.package_files import templates_dir
from reportgen.plain_text import for_page
from reportgen.render.environment import Sandbox, environment, rendered, text_of
from reportgen.render.file_names import document_name
from reportgen.render.filters import in_pieces
from reportgen.render.html.content_policy import content_policy, refuse_leading_elsewhere, with_policy
from reportgen.render.html.theme import tokens_css
from reportgen.render.pdf.letters import spelt_out
from reportgen.render.words import differences_text, gate_text, mismatch_text, omitted_text, rule_text
from reportgen.runs.appearance import DEFAULT_APPEARANCE, Appearance

_FROM_THE_RUN = (  # words that a run carries and a page shows
    *(N_("cat"), N_("dog"), N_("data set"), N_("checkpoint"), N_("species file"), N_("configuration")),
    N_("architecture"),
    *(N_("test"), N_("train"), N_("val"), N_("trainval"), N_("bilinear"), N_("bicubic"), N_("nearest")),
    N_("drawn pets"),  # of `reportgen demo`
    N_("Demo: computer-drawn pets, toy model."),
)
Medium = Literal["screen", "print"]
_ENDS = r"[\u3002\u3001\uff1a\uff1b]"  # Japanese full stop, comma, colon, semicolon
_GAPS = re.compile(
    rf"(?:(?<={_ENDS})|(?<={_ENDS}</b>)|(?<={_ENDS}</span>)|(?<={_ENDS}</code>))\s+"  # a template ended a line there
    r"|\s+(?=\uff08)"  # before an opening bracket
    r"|\s+(?=</(?:p|li|dd|dt|td|th|h[1-6]|figcaption)>)"  # WeasyPrint breaks a line that just fits after its first word
)
_TYPES = {"jpg": "image/jpeg", "svg": "image/svg+xml", "png": "image/png"}


def html(report: Report, medium: Medium) -> str:
    """The whole document. On screen every picture is a data URI; in print it is `asset:NAME`, for the PDF's fetcher.

    Raises RenderingError with the template's file and line.
    """
    facts = report.findings.predictions.facts
    appearance = _whole(report)
    made = _environment(facts, report.notes, appearance)
    made.filters |= _method_filters(report.attributions.titles, language(report.notes.language))
    made.open_to |= {name.partition(":")[0].partition(".")[0] for name in report.section_names if ":" in name}
    made.globals["asset"] = _data_uris(report.assets) if medium == "screen" else _asset_names(report.assets)
    elsewhere = [
        (language(code), document_name(code, "html", first=report.stamp.language))
        for code in report.stamp.languages
        if code != report.notes.language
    ]
    styles = _styles(made, appearance)
    page = rendered(made, "report.html.j2", report=report, medium=medium, elsewhere=elsewhere, styles=styles)
    if medium == "print":
        return for_page(_tight(spelt_out(page)))
    if appearance.stored:
        refuse_leading_elsewhere(page)
    return with_policy(
        for_page(_tight(page)), content_policy(_allowed(made, appearance, styles), _scripts(made, appearance))
    )


def sheet_html(sheet: Sheet) -> str:
    """The comparison sheet of one picture, with its pictures inside. Raises RenderingError."""
    made = _environment(sheet.facts, sheet.notes, sheet.appearance)
    made.filters |= _method_filters(sheet.titles, language(sheet.notes.language))
    made.globals["asset"] = _data_uris(sheet.assets)
    return for_page(rendered(made, "sheet.html.j2", sheet=sheet))


def _whole(report: Report) -> Appearance:
    """The appearance of the report, with the templates that its sections bring under those of the user."""
    brought = {section.template: section.source for section in report.sections if section.source}
    return replace(report.appearance, templates={**brought, **report.appearance.templates})


def _styles(made: Environment, appearance: Appearance) -> Mapping[str, Markup]:
    """The texts of the style elements of a page for the screen, in their order."""

    def css(*names: str) -> Markup:
        return Markup().join(_sheet(made, appearance, f"css/{name}.css") for name in names)

    return {
        "always": css("tokens") + _theme(appearance) + css("dark", "page", "controls"),
        "screen": css("screen", "images"),
        "print": css("print"),
        "own": css("own"),
    }


def _allowed(made: Environment, appearance: Appearance, styles: Mapping[str, Markup]) -> Iterable[str]:
    """Those, and where the page itself is the user's, which may arrange them in another way, each style sheet alone."""
    if "report.html.j2" not in appearance.pages:
        return styles.values()
    sheets = {f"css/{path.name}" for path in (templates_dir() / "css").glob("*.css")}
    sheets |= {name for name in appearance.pages if name.endswith(".css")}
    return (*styles.values(), *(_sheet(made, appearance, name) for name in sorted(sheets)))


def _sheet(made: Environment, appearance: Appearance, name: str) -> Markup:
    """A style sheet, as the page has it. Tokens of the user's stand after ours: theirs may be a few."""
    text = _in_the_page(text_of(made, name))
    is_own = name == "css/tokens.css" and name in appearance.pages
    return _in_the_page(text_of(made, f"reportgen/{name}")) + text if is_own else text


def _theme(appearance: Appearance) -> Markup:
    return tokens_css(appearance.tokens, after=appearance.tokens_of_sheets)


def _scripts(made: Environment, appearance: Appearance) -> Iterable[str]:
    """Each file of scripts: ours, or the user's in its place, and further ones of the user's."""
    return [_in_the_page(text_of(made, name)) for name in sorted({"js/report.js", *appearance.scripts})]


def _environment(facts: RunFacts, notes: Notes, appearance: Appearance = DEFAULT_APPEARANCE) -> Sandbox:
    def name(breed: str) -> str:
        return in_pieces(notes.name(breed))

    made, locale = environment(name, notes.language, appearance=appearance), language(notes.language)
    pets = facts.taxonomy.species and set(facts.taxonomy.species) <= {"cat", "dog"}
    made.filters |= {
        "rule_text": lambda rule: rule_text(rule, facts.classes, breed=name, code=locale.code, appearance=appearance),
        "gate_text": lambda gate: gate_text(gate, locale.code, appearance=appearance),
        "mismatch_text": lambda comparison: mismatch_text(comparison, locale.code, appearance=appearance),
        "differences_text": lambda comparison: differences_text(comparison, locale.code, appearance=appearance),
        "omitted_text": lambda reduction: omitted_text(reduction, code=locale.code, appearance=appearance),
    }
    made.globals |= {
        "class_name": lambda k: name(facts.classes[k]),
        "content_policy": content_policy,
        "css": lambda file: _sheet(made, appearance, f"css/{file}"),
        "js": lambda file: _in_the_page(text_of(made, f"js/{file}")),
        "tell_apart": notes.tell_apart,
        "theme_css": _theme(appearance),
        "thing": locale.gettext("animal") if pets else locale.gettext("object"),
    }
    return made


def _method_filters(titles: Mapping[str, MethodText], locale: Language) -> dict[str, Callable[..., str]]:
    def method_description(use: MethodUse, seed: int) -> str:
        return description(use.traits, {**use.settings, "layer": use.layer, "seed": seed}, locale)

    return {
        "method_name": lambda name: text_in_language(titles.get(name, name), locale),
        "method_description": method_description,
    }


def _tight(text: str) -> str:
    return _GAPS.sub("", text)


def _in_the_page(text: Markup) -> Markup:
    """As the finished page will have it, so that the policy names the hash of what the browser reads."""
    return Markup(_tight(text))  # noqa: S704  # it was one before


def _data_uris(assets: Mapping[str, bytes]) -> Callable[[str], str]:
    def data_uri(name: str) -> str:
        return f"data:{_TYPES[name.rpartition('.')[2]]};base64,{base64.b64encode(assets[name]).decode()}"

    return data_uri


def _asset_names(assets: Mapping[str, bytes]) -> Callable[[str], str]:
    def asset_name(name: str) -> str:
        return f"asset:{name}" if name in assets else f"asset:missing/{name}"

    return asset_name

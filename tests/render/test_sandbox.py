"""Every object that a template can reach is tried for a call with an effect; the actual context, walked to its end."""

import sys
from collections import deque
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import is_dataclass, replace
from pathlib import Path

import pytest
from jinja2 import Undefined

from reportgen.errors import RenderingError
from reportgen.inputs.notes import read_notes
from reportgen.render import environment, index_page, message, words
from reportgen.render.data import ci_files
from reportgen.render.data.findings_json import findings_json
from reportgen.render.html import page as html
from reportgen.runs.appearance import Appearance
from tests.shapes import report_of_shape

# What the interpreter tells of: files, processes, sockets. What is only looked at (os.listdir, sys._getframe) is not here.
EFFECTS = ("os.", "subprocess.", "socket.", "shutil.", "tempfile.", "ctypes.", "fcntl.", "mmap.", "pty.", "urllib.")
EFFECTS += ("smtplib.", "http.", "ftplib.", "sqlite3.", "signal.", "syslog.", "webbrowser.", "pickle.", "glob.")
LOOKS = {"os.listdir", "os.scandir", "os.walk", "os.fwalk"}
_heard, _listening = [], []


def _hook(event, args):
    if not _listening:
        return
    if event == "open":
        path, mode, flags = args
        writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & 0o1103)
        if writes or not str(path).startswith(
            (str(Path(environment.__file__).parents[2]), sys.prefix, sys.base_prefix)
        ):
            _heard.append((event, str(path), mode))
    elif event.startswith(EFFECTS) and event not in LOOKS:
        _heard.append((event, str(args)[:200]))


@contextmanager
def listening():
    """The events with an effect, while in here."""
    if not hasattr(sys, "_reportgen_audited"):
        sys.addaudithook(_hook)
        sys._reportgen_audited = True
    _heard.clear()
    _listening.append(True)
    try:
        yield _heard
    finally:
        _listening.clear()


@pytest.fixture(scope="module")
def contexts():
    """(environment, values) of every template that is rendered for a report, its mail and its files for CI."""
    found, real = {}, environment.rendered

    def noted(made, template, **values):
        found[template, made.autoescape] = (made, values)
        return real(made, template, **values)

    with pytest.MonkeyPatch.context() as patch:
        for module in (html, ci_files, message, words, index_page):
            patch.setattr(module, "rendered", noted)
        report = report_of_shape("3 classes", "en", "ja")
        report = replace(report, appearance=Appearance())
        html.html(report, "screen")
        html.html(report, "print")
        contract = findings_json(report)
        ci_files.ci_files(contract, report.notes, report.appearance)
        message.mail_text(contract, link="x", omitted="", notes=read_notes())
    return found


def children(made, thing):
    """What a template gets from it by attribute and by item."""
    for name in dir(thing):
        try:
            value = made.getattr(thing, name)
        except Exception:  # noqa: BLE001  # whatever a property raises
            continue
        if not isinstance(value, Undefined):
            yield f".{name}", value
    if isinstance(thing, Mapping):
        yield from ((f"[{key!r}]", value) for key, value in list(thing.items())[:50])
    elif isinstance(thing, list | tuple):
        yield from ((f"[{at}]", value) for at, value in enumerate(thing[:3]))


def kind(thing):
    """Things of one kind have the same methods; what holds other things is one of its own."""
    if isinstance(thing, Mapping | list | tuple) or (is_dataclass(thing) and not isinstance(thing, type)):
        return id(thing)
    owner = getattr(thing, "__self__", None)
    return (type(thing), getattr(thing, "__qualname__", ""), type(owner) if owner is not None else None)


def walked(made, values):
    """(path, thing) of everything that can be reached, what calls give among it; one of a kind."""
    waiting = deque((name, thing) for name, thing in ({**made.globals, **values}).items())
    waiting += [(f"|{name}", thing) for name, thing in made.filters.items()]
    seen = {}
    while waiting:
        path, thing = waiting.popleft()
        if kind(thing) in seen:
            continue
        seen[kind(thing)] = thing  # kept, so that its id stays its own
        yield path, thing
        if path.count(".") + path.count("[") + path.count("(") < 14:
            waiting += [(path + more, value) for more, value in children(made, thing)]
        if callable(thing) and made.is_safe_callable(thing):
            waiting += [(f"{path}()", value) for value in answers(thing)]


def answers(thing):
    for args in ((), ("PWNED",), ("PWNED", "PWNED"), (0,), (1, "PWNED"), ({},), ([],), ("PWNED", [])):
        try:
            yield thing(*args)
        except Exception:  # noqa: BLE001  # most arguments are wrong
            continue


def test_every_object_that_a_template_reaches_has_no_method_with_an_effect(contexts):
    """Files, processes, sockets; and the numbers of the report are the same afterwards."""
    before = findings_json(contexts["report.html.j2", True][1]["report"])
    assert {name for name, _ in contexts} >= {"report.html.j2", "mail.txt.j2", "mail.html.j2", "summary.md.j2"}
    n_called = 0
    for made, values in contexts.values():
        with listening() as heard:
            found = list(walked(made, values))
        assert heard == []
        called = [thing for _, thing in found if callable(thing) and made.is_safe_callable(thing)]
        owners = {type(getattr(thing, "__self__", thing)).__module__.partition(".")[0] for thing in called}
        assert owners <= {"builtins", "collections", "datetime", "jinja2", "markupsafe", "reportgen"}
        n_called += len(called)
    assert n_called > 500  # or the walk has lost its way
    assert findings_json(contexts["report.html.j2", True][1]["report"]) == before


class Planted:
    """A value of a report with a method that it should not have."""

    def leak(self):
        return Path("/etc/hostname").read_text()

    def spill(self, name):
        Path(name).write_text("x")


@pytest.mark.parametrize("module", ["reportgen.planted", "elsewhere"])
def test_the_walk_finds_such_a_method_and_the_sandbox_calls_none_of_others(contexts, module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made, values = contexts["report.html.j2", True]
    monkeypatch.setattr(Planted, "__module__", module)
    for name in ("leak", "spill"):
        monkeypatch.setattr(getattr(Planted, name), "__module__", module)
    with listening() as heard:
        list(walked(made, {**values, "planted": {"deep": [Planted()]}}))
    assert {path for _, path, *_ in heard} == ({"/etc/hostname", "PWNED"} if module.startswith("reportgen") else set())


CHANGES = (
    "report.findings.confusion.setdiag(0)",
    "report.findings.confusion.resize((1, 1))",
    "report.findings.confusion.eliminate_zeros()",
    "report.findings.confusion.data.fill(0)",
    "report.findings.predictions.logits.sort()",
    "report.findings.predictions.logits.setflags(1)",
    "report.findings.predictions.logits.view('int64').byteswap(true)",
    "report.findings.predictions.targets.put([0], [1])",
    "report.findings.predictions.logits.tofile('x')",
    "report.section_names.append('x')",
    "report.assets.update({})",
    "language.locale.load('en')",
    "language.translations.install()",
    "language.translations.add_fallback(1)",
)


@pytest.mark.parametrize("expression", CHANGES)
def test_a_template_changes_no_number_of_its_report(contexts, expression):
    made, values = contexts["report.html.j2", True]
    with pytest.raises(Exception, match=r"not safely callable|has no|unsafe|no attribute"):
        made.from_string("{{ " + expression + " }}").render(**values)


def test_methods_of_values_of_ones_own_section_are_called_where_this_call_names_it(monkeypatch):
    """Its package is open to its template, and to no other."""
    report = report_of_shape("3 classes")
    appearance = Appearance(templates={"sections/summary.html.j2": "{{ planted.answer() }}"})
    monkeypatch.setattr(Planted, "answer", lambda _: "forty-two", raising=False)

    def with_planted(facts, notes, appearance):
        made = real(facts, notes, appearance)
        made.globals["planted"] = Planted()
        return made

    real = html._environment
    monkeypatch.setattr(html, "_environment", with_planted)
    with pytest.raises(RenderingError, match="not safely callable"):
        html.html(replace(report, appearance=appearance), "screen")
    assert "forty-two" in html.html(
        replace(report, appearance=appearance, section_names=("summary", "tests.own:part")), "screen"
    )

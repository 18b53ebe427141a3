"""Templates are compiled once a process and setting: no setting that Jinja compiles in is shared with another."""

import pytest

from reportgen.package_files import templates_dir
from reportgen.render.environment import OTHER_FILTERS, compiled_templates, environment, rendered
from reportgen.runs.appearance import Appearance

NAMES = sorted(path.relative_to(templates_dir()).as_posix() for path in templates_dir().rglob("*.j2"))


def shouted(value):
    return str(value).upper()


@pytest.fixture
def constant(tmp_path, monkeypatch):
    """The package's templates, were they one page of constants, which Jinja works out as it compiles."""
    (tmp_path / "page.j2").write_text('{{ "a < b" }} {{ 3|count("image") }}')
    monkeypatch.setattr("reportgen.render.environment.templates_dir", lambda: tmp_path)
    return tmp_path / "page.j2"


@pytest.mark.parametrize("name", NAMES)
def test_no_page_of_ours_has_a_class_name_compiled_in(name):
    """`breed` and the filters of single pages are others for each run and part of no setting."""
    source = (templates_dir() / name).read_text()
    compiled = []
    for breed in (str, shouted):
        made = environment(breed, "ja")
        made.filters |= dict.fromkeys(OTHER_FILTERS, breed)
        compiled.append(made.compile(source, name, raw=True))
    assert compiled[0] == compiled[1]


SETTINGS = {
    "en": ({}, "a &lt; b 3 images"),
    "not escaped": ({"autoescape": False}, "a < b 3 images"),
    "finalised": ({"autoescape": False, "finalize": shouted}, "A < B 3 IMAGES"),
    "ja": ({"code": "ja"}, "a &lt; b 3枚"),
}


def test_each_setting_has_its_own(constant):
    for _ in range(2):  # compiled, and taken from what was compiled
        for given, wanted in SETTINGS.values():
            made = environment(str, given.get("code", "en"), **{k: v for k, v in given.items() if k != "code"})
            assert rendered(made, "page.j2") == wanted


def test_a_page_that_was_changed_is_compiled_again(constant):
    assert rendered(environment(str), "page.j2") == "a &lt; b 3 images"
    constant.write_text("other")
    assert rendered(environment(str), "page.j2") == "other"


def test_templates_of_others_are_compiled_each_time():
    """A constant class name has the name for readers of its own run."""
    own = Appearance(templates={"own.j2": '{{ "pug"|breed }}'}, folder="own")
    assert rendered(environment(str, appearance=own), "own.j2") == "pug"
    assert rendered(environment(shouted, appearance=own), "own.j2") == "PUG"


def test_the_second_environment_of_a_setting_compiles_nothing(monkeypatch):
    setting = {"autoescape": False, "finalize": None}
    environment(str, "ja", autoescape=False).get_template("words.txt.j2")
    before = dict(vars(compiled_templates("ja", **setting))["_codes"])
    made = environment(str, "ja", autoescape=False)
    made.get_template("words.txt.j2")
    assert vars(made.bytecode_cache)["_codes"] == before != {}

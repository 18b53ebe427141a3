"""Every text that a reader sees is a message, and every catalogue has every message."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import nodes

from reportgen.language import LANGUAGES
from reportgen.render.environment import environment
from tests.catalogue import ROOT, extracted, stored, update

FOLDER = ROOT / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.j2"))
OF_THE_TERMINAL = {"comparison.txt.j2"}  # the command line speaks English
ENVIRONMENT = environment(str)
TRANSLATED = [code for code in LANGUAGES if code != "en"]

MARKING = {"_", "gettext", "ngettext"}
READ = {"alt", "aria-label", "title"}  # attributes
NAMES = {"PDF", "HTML", "SHA-256", "ReLU6", "F1", "p", "reportgen"}  # the same in every language
EXPRESSION = "\N{REPLACEMENT CHARACTER}"  # stands for what a template puts in between its own text
LETTER = re.compile(r"[^\W\d_]")
WORDS = re.compile(r"^[A-Z]|\w \w")  # what else stands in an expression may be a key
STYLE = re.compile(r"font-family: ")  # mail programs read it from an attribute alone
PLACEHOLDER = re.compile(r"%%|%\(\w+\)s")


def unmarked(source: str) -> list[str]:
    """The texts of a template that a reader sees and no catalogue has, and messages that would break in formatting."""
    page = _Page()
    page.feed("".join(_own_text(ENVIRONMENT.parse(source))))
    page.close()
    texts = [text.strip("\n ,:;·()[]") for seen in page.texts for text in seen.split(EXPRESSION)]
    return [text for text in texts if LETTER.search(text) and text not in NAMES and not STYLE.match(text)]


class _Page(HTMLParser):
    """Collects what is read: the text outside style sheets, and the attributes that a screen reader speaks."""

    def __init__(self):
        super().__init__()
        self.texts, self.hidden = [], False

    def handle_starttag(self, tag, attrs):
        self.hidden = tag in ("style", "script")
        self.texts += [value for name, value in attrs if name in READ and value]

    def handle_endtag(self, tag):
        self.hidden = False

    def handle_data(self, data):
        if not self.hidden:
            self.texts.append(data)


def _own_text(node: nodes.Node) -> Iterator[str]:
    """The template's text in its order, with the strings of its expressions. Jinja has made calls of marked texts."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.TemplateData):
            yield child.data
        elif isinstance(child, nodes.Expr):
            shown = [text for text in _strings(child) if isinstance(node, nodes.Output) or WORDS.search(text)]
            yield EXPRESSION.join(["", *shown, ""])
        else:
            yield from _own_text(child)


def _strings(node: nodes.Expr) -> Iterator[str]:
    """The strings that an expression can turn into. What is compared, looked up or given to a filter is a key."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    marked = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in MARKING
    for child in node.iter_child_nodes():
        if marked and isinstance(child, nodes.Const):
            if "%" in PLACEHOLDER.sub("", str(child.value)):
                yield child.value
        elif not _is_key(child, node):
            yield from _strings(child)


def _is_key(child: nodes.Node, node: nodes.Node) -> bool:
    if isinstance(node, nodes.Compare | nodes.Test):
        return True
    if isinstance(node, nodes.Keyword):
        return node.key == "attribute"
    if isinstance(node, nodes.Call | nodes.Filter | nodes.Getitem):
        return isinstance(child, nodes.Const) and child is not node.node
    return isinstance(node, nodes.Pair) and child is node.key


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name not in OF_THE_TERMINAL])
def test_every_text_of_a_template_is_marked(name):
    assert unmarked((FOLDER / name).read_text(encoding="utf-8")) == []


def test_no_line_of_a_template_is_longer_than_160_characters():
    """A sentence stands in lines that a person can read and a diff can show; `{% trans %}` joins them by one blank."""
    files = [path for path in [*FOLDER.rglob("*"), *(ROOT / "docs").rglob("*.j2")] if path.suffix in (".j2", ".js")]
    assert len(files) > 50
    long = [
        f"{path.relative_to(ROOT)}, line {number}: {len(line)}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > 160
    ]
    assert long == []


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("<p>Hello {{ name }}, bye</p>", ["Hello", "bye"]),
        ("{% if n %}one{% else %}two{% endif %}", ["onetwo"]),
        ('<img class="wide" alt="A cat" src="x">', ["A cat"]),
        ('<ul aria-label="{% for one in all %}right{% endfor %}">', ["right"]),
        ('{{ "map" if one.map == "No map" else "none" }}', ["map", "none"]),
        ('{{ "shout" | upper }}{{ path | split("A key") }}', ["shout"]),
        ('{% set words = {"Key 1": "Some words", "Key 2": "key"} %}{{ words["Key 1"] }}', ["Some words"]),
        ('{% trans who="a friend" %}Hello {{ who }}{% endtrans %}', ["a friend"]),
        ('{{ _("95% of it") }}', ["95% of it"]),
        ('{{ _("95%% of it") }}{% trans %}95% of it{% endtrans %}', []),
        ('<p class="Big one">{{ _("Hello") }}&nbsp;· {% trans n=3|count("image") %}of {{ n }}{% endtrans %}</p>', []),
        ('<a href="Some where.html" class="{{ "wide" if wide }}">PDF</a><style>p { margin: 0 }</style>', []),
    ],
)
def test_unmarked_text_is_found(source, texts):
    """What lets an unmarked text pass would let every page speak two languages."""
    assert sorted(unmarked(source)) == sorted(texts)


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalogue_has_every_message_and_no_other(code):
    """`python -m tests.catalogue` brings it up to date."""
    used, known = ({message.id for message in catalogue if message.id} for catalogue in (extracted(code), stored(code)))
    assert (used - known, known - used) == (set(), set())


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalogue_is_translated_whole(code):
    catalogue = stored(code)
    lacking = [message.id for message in catalogue if message.id and (message.fuzzy or not all(_forms(message.string)))]
    assert lacking == []


PUNCTUATION = {  # what no Japanese sentence of a page holds
    "a blank beside full-width punctuation": r"[。、：；（）「」] |(?<!\*\*) [。、：；（）「」]",
    "a half-width colon or bracket after Japanese letters": r"[ぁ-んァ-ヶ一-龠][:;(),]",
    "a blank between Japanese letters": r"[ぁ-んァ-ヶ一-龠] [ぁ-んァ-ヶ一-龠]",
    "the other wave dash": "\N{WAVE DASH}",
    "a blank before the percent sign": r"\s%%",
    "another word for training": "訓練",
}


@pytest.mark.parametrize("kind", PUNCTUATION)
def test_japanese_punctuation_is_of_one_kind(kind):
    texts = [text for message in stored("ja") if message.id for text in _forms(message.string)]
    assert len(texts) > 300
    assert [text for text in texts if re.search(PUNCTUATION[kind], text)] == []


WORDS_OF_OTHERS = {  # the field's word, and those that no English message has in its place
    "run": r"\b(to)?nights?\b",
    "predicted as": r"\bcalled\b",
    "significant": r"\bstands? out\b|\bevident\b",
    "cross-species": r"\bacross species\b|\bstrangers?\b",
    "fixed, broken": r"\bnewly (right|wrong)\b|\b(won|lost)\b",
    "image": r"\b(pictures?|photographs?)\b(?! programs?)",
    "most confident": r"\bsurest\b",
    "correct": r"\banswers?\b",
    "67%": r"\d %",
}


@pytest.mark.parametrize("word", WORDS_OF_OTHERS)
def test_english_has_one_word_for_one_thing(word):
    """Design, §4: every message of pages, mails and charts."""
    texts = [text for message in stored("ja") if message.id for text in _forms(message.id)]
    found = [
        text for text in texts if re.search(WORDS_OF_OTHERS[word], PLACEHOLDER.sub("", re.sub("<[^>]+>", "", text)))
    ]
    assert found == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_have_the_placeholders_and_tags_of_their_message(code):
    """A placeholder of another name would raise when the page is made; a tag left open would spill over the page."""
    messages = [message for message in stored(code) if message.id]
    assert messages
    for message in messages:
        for form in _forms(message.string):
            assert _marks(form) == _marks(_forms(message.id)[-1]), message.id


def test_a_catalogue_is_updated_without_losing_a_translation(tmp_path, monkeypatch):
    """A new language starts empty; what is translated stays; what is gone goes."""
    monkeypatch.setattr("tests.catalogue.LOCALES", tmp_path)
    update("fr")
    path = Path(tmp_path / "fr.po")
    filled = path.read_text(encoding="utf-8").replace('"Gate"\nmsgstr ""', '"Gate"\nmsgstr "Porte"')
    path.write_text(filled + '\nmsgid "Gone"\nmsgstr "Parti"\n', encoding="utf-8")
    update("fr")
    assert path.read_text(encoding="utf-8") == filled
    assert stored("fr").get("Gate").string == "Porte"


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


def _marks(text: str) -> tuple[set[str], Counter[str]]:
    return set(re.findall(r"%(?:\(\w+\)s|%)?", text)), Counter(re.findall(r"</?\w[^>]*>", text))

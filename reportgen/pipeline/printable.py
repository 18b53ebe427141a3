"""What a PDF is going to show of the user's words, looked through before device time is spent."""

from collections.abc import Iterator
from dataclasses import replace

from reportgen.analyse.gate_rules import GateRules
from reportgen.inputs.facts import RunFacts
from reportgen.inputs.notes import Notes, read_notes
from reportgen.render.pdf.fonts import refuse_without_font
from reportgen.render.pdf.letters import refuse_too_long, refuse_unprintable
from reportgen.runs.appearance import Appearance


def refuse_unprintable_words(
    facts: RunFacts, languages: tuple[str, ...], *, appearance: Appearance, rules: GateRules
) -> None:
    """For a run with a PDF. Raises ConfigError for a language, RenderingError for words that it cannot show.

    Names of files are not among the words: in print, a letter of theirs that no font has is spelt out.
    """
    refuse_without_font(languages)
    names = dict(_names(facts, languages))
    refuse_unprintable({**names, **dict(_sentences(facts, languages, appearance, rules))})
    refuse_too_long(names)


def _names(facts: RunFacts, languages: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield f"model {facts.model.name}", facts.model.name
    yield f"data set {facts.data.name}", facts.data.name
    yield f"split {facts.data.split}", facts.data.split
    for species in sorted(set(facts.taxonomy.species)):
        yield f"species {species}", species
    for notes in _notes(facts, languages):
        for label in facts.classes:
            yield f"class {notes.name(label)}", notes.name(label)


def _sentences(
    facts: RunFacts, languages: tuple[str, ...], appearance: Appearance, rules: GateRules
) -> Iterator[tuple[str, str]]:
    yield "notice", facts.data.notice or ""
    known = set(facts.classes)
    for notes in _notes(facts, languages):
        for label in known & set(notes.breeds):
            yield f"note on {label} ({notes.language})", notes.localised(notes.breeds[label].look)
        for pair in (pair for pair in notes.pairs.values() if known >= set(pair.classes)):
            text = " ".join(notes.localised(field) for field in pair.fields.values())
            yield f"note on {' and '.join(pair.classes)} ({notes.language})", text
    for name, text in appearance.templates.items():
        yield f"template {appearance.folder}/{name}", text
    for accepted in rules.accepted:
        yield f"[[gate.accepted]] {' and '.join(accepted.pair)}", f"{accepted.owner} {accepted.reason}"


def _notes(facts: RunFacts, languages: tuple[str, ...]) -> Iterator[Notes]:
    notes = read_notes(facts.own_notes)
    yield from (replace(notes, language=code) for code in languages)

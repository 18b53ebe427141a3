"""A third language is a catalogue and no code: French with every message in brackets, so that any other text stands out."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import write_po

from reportgen.inputs.notes import read_notes
from tests.catalogue import extracted
from tests.pets import BREEDS, hand_checkpoint, write_five_breeds

ROOT = Path(__file__).resolve().parents[2]
READ = ("alt", "aria-label", "title", "placeholder", "summary", "data-label")
OF_THE_RUN = re.compile(  # what a run brings along: names, files, versions, hashes, methods; "et" is Babel's
    r"[\w.-]+\.(?:png|jpg|csv|pt|json)|\b[0-9a-f]{8,}\b|\b\d{8}T\d+Z-[0-9a-f]+|tests\.pets:hand_net|oxford-iiit-pet|\b\w+_\d+\b"
    r"|\b\d+(?:[.,]\d+)?[eE][+-]?\d+|\b(?:test|pets|cpu|fp32|torch|UTC|HTML|PDF|SHA-256|F1|bilinear|Grad-CAM|SmoothGrad|cu\d+|x86_64|aarch64|p|et)\b"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """report.html of the five breeds, made by a copy of the package that has fr.po and nothing else new."""
    place = tmp_path_factory.mktemp("third")
    for name in ("reportgen", "templates"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    catalogue = extracted("fr")
    for message in catalogue:
        if message.id:
            forms = message.id if isinstance(message.id, tuple) else (message.id,)
            marked = tuple(f"⟦{form}⟧" for form in forms)
            message.string = marked if isinstance(message.id, tuple) else marked[0]
    with (place / "reportgen" / "locales" / "fr.po").open("wb") as file:
        write_po(file, catalogue)
    (place / "quick.toml").write_text(
        "[explain]\nsmooth_grad_samples = 2\ninsertion_steps = 2\nrandom_maps = 1\ncertificate_pictures = 1\n"
    )
    words = [
        *(
            "--checkpoint",
            hand_checkpoint(place / "hand.pt"),
            "--arch",
            "tests.pets:hand_net",
            "--config",
            "quick.toml",
        ),
        *("--dataset", "oxford-iiit-pet", "--data-root", write_five_breeds(place / "data"), "--model-name", "pets"),
        *("--lang", "fr", "--format", "html", "--baseline", "none"),
    ]
    world = {"PYTHONPATH": os.pathsep.join([str(place), str(ROOT)]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "reportgen", "run", *map(str, words)],
        cwd=place, env=os.environ | world, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return (place / "reports" / "pets" / "latest" / "report.html").read_text()


class Unmarked(HTMLParser):
    """What stands outside the brackets: texts of the page, and the attributes that are read out."""

    def __init__(self, page):
        super().__init__()
        self.depth, self.hidden, self.texts = 0, False, []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.hidden = tag in ("style", "script")
        for name, value in attributes:
            if name in READ:
                self.texts.append(outside(value, 0)[0])

    def handle_endtag(self, tag):
        self.hidden = False

    def handle_data(self, data):
        if not self.hidden:
            text, self.depth = outside(data, self.depth)
            self.texts.append(text)


def outside(text, depth):
    kept = []
    for letter in text:
        depth += (letter == "⟦") - (letter == "⟧")
        kept += [letter] if depth == 0 and letter != "⟧" else []
    return "".join(kept), depth


def test_no_text_but_names_and_notes_stands_outside_the_catalogue(page):
    notes = read_notes()
    known = sorted(
        {
            *BREEDS, *(notes.name(breed) for breed in BREEDS),
            *(text for note in notes.breeds.values() for text in note.look.values()),
            *(text for pair in notes.pairs.values() for told in pair.fields.values() for text in told.values()),
        },
        key=len, reverse=True,
    )  # fmt: skip
    left = []
    for text in Unmarked(page).texts:
        rest = text.replace("\u200b", "")
        for one in known:
            rest = rest.replace(one, "")
        rest = OF_THE_RUN.sub("", rest)
        if re.search(r"[^\W\d_]{2}", rest):
            left.append(rest.strip())
    assert left == [], "\n".join(left)


def test_numbers_and_dates_are_french(page):
    assert 'lang="fr"' in page
    assert "90,0" in page
    assert re.search(
        r"\d+ (?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre) 20", page
    )

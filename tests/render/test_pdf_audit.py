"""The audit: each rule fails on a PDF built to break it and passes on a sound one."""

import base64
import io
import re
from datetime import UTC, datetime

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import BooleanObject, DictionaryObject, NameObject
from weasyprint import HTML, Attachment

from reportgen.render.pdf.audit import audit, overflows
from reportgen.render.pdf.document import pdf

NO_FONT = "\U0001057f"  # Vithkuqi: no font here has it
CREATED_AT = "2026-11-23T17:00:00+09:00"


def jpeg(colour):
    file = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(file, "JPEG")
    return file.getvalue()


def uri(kind, content):
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def image(colour, style=""):
    return f'<img src="{uri("jpeg", jpeg(colour))}" alt="A {colour} picture" style="{style}">'


SVG = f"<svg xmlns='http://www.w3.org/2000/svg' width='90' height='20'><text y='15'>{NO_FONT}</text></svg>".encode()


def document(body, *, css="", head="<title>A report</title>", lang="en"):
    """A4 with 20 mm margins: the content is 170 mm x 257 mm."""
    page = f"@page {{ size: A4; margin: 20mm }} body {{ margin: 0 }} {css}"
    return HTML(string=f"<html lang='{lang}'><head>{head}<style>{page}</style></head><body>{body}</body></html>")


def written(body, *, variant="pdf/ua-1", attachments=("a.csv",), **options):
    day = datetime(2026, 11, 23, tzinfo=UTC)
    files = [Attachment(string=b"x", name=name, created=day, modified=day) for name in attachments]
    return document(body, **options).write_pdf(pdf_variant=variant, attachments=files)


def problems(content, *, n_pictures=0):
    return audit(content, n_pictures=n_pictures, attachments=("a.csv",))


def test_a_sound_document_has_no_problem():
    """A picture shown twice is one; letters are also in a group (opacity) and in a second font."""
    body = f"<p>Text <b>bold</b> ベンガル</p><p style='opacity: .5'>pale</p>{image('red')}{image('red')}{image('blue')}"
    assert problems(written(body), n_pictures=2) == ()


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: written("<p>no picture</p>"), "0 images in the PDF, 1 expected"),
        (lambda: written(image("red") + image("blue")), "2 images in the PDF, 1 expected"),
        (lambda: written(image("red"), attachments=()), "a.csv is not attached"),
        (lambda: written(image("red"), attachments=("b.csv",)), "a.csv is not attached"),
        (lambda: written(image("red"), head=""), "no title"),
        (lambda: written(image("red"), lang=""), "no language"),
    ],
)
def test_what_is_missing_is_the_only_problem(made, expected):
    assert problems(made(), n_pictures=1) == (expected,)


@pytest.mark.parametrize(
    "body",
    [
        f"<p>text {NO_FONT}</p>",
        f"<p>text</p><p style='opacity: .5'>{NO_FONT}</p>",  # in a form
        f"<div style='background: url({uri('svg+xml', SVG)}); height: 9mm'></div>",  # in a pattern
    ],
)
def test_a_letter_that_no_font_has_is_found_wherever_it_is_drawn(body):
    (problem,) = problems(written(body))
    assert re.fullmatch(r"a letter without a glyph in font [A-Z]{6}\+\S+", problem)


def test_glyph_0_is_found_in_a_font_encoded_by_identity():
    """Not WeasyPrint's way to write a missing letter; the first code of a sound page is changed to 0."""
    writer = PdfWriter(clone_from=io.BytesIO(written("<p>text</p>")))
    contents = writer.pages[0]["/Contents"].get_object()
    contents.set_data(re.sub(rb"\[<....", b"[<0000", contents.get_data(), count=1))
    changed = io.BytesIO()
    writer.write(changed)
    (problem,) = problems(changed.getvalue())
    assert problem.startswith("a letter without a glyph in font ")


def test_a_document_without_tags_is_found():
    assert problems(written("<p>text</p>", variant=None)) == ("not marked as tagged", "no tags")


def test_a_font_that_is_not_embedded_is_found_and_a_drawn_one_is_not():
    """A PDF of two fonts, Helvetica, which the reader's machine must have, and a Type 3 font; it says it has no tags."""
    writer = PdfWriter()
    writer.root_object[NameObject("/MarkInfo")] = DictionaryObject({NameObject("/Marked"): BooleanObject(value=False)})
    page = writer.add_blank_page(100, 100)
    fonts = {
        "/F1": {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"},
        "/F2": {"/Type": "/Font", "/Subtype": "/Type3"},
    }
    page[NameObject("/Resources")] = DictionaryObject(
        {
            NameObject("/Font"): DictionaryObject(
                {
                    NameObject(name): writer._add_object(
                        DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
                    )
                    for name, font in fonts.items()
                }
            )
        }
    )
    file = io.BytesIO()
    writer.write(file)
    found = audit(file.getvalue(), n_pictures=0, attachments=())
    assert found == ("font Helvetica is not embedded", "not marked as tagged", "no tags", "no language", "no title")


def test_a_document_without_a_page_is_found():
    file = io.BytesIO()
    PdfWriter().write(file)
    assert "no page" in audit(file.getvalue(), n_pictures=0, attachments=())


TABLE = f"<table><tr>{''.join(f'<td>c{k}</td>' for k in range(40))}</tr></table>"
CELLS = "table { border-collapse: collapse } td { padding: 0; min-width: 5mm; width: 5mm; font-size: 6pt }"
RUN = "position: absolute; left: 50mm; white-space: nowrap; word-spacing: 150mm; transform-origin: 0 0"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (TABLE, "table 'c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 c10 c11 c1' reaches 30.0 mm into the margin"),  # 40 x 5 - 170
        (image("red", "width: 200mm"), "picture 'A red picture' reaches 30.0 mm into the margin"),
        (image("red", "width: 9mm; height: 300mm"), "picture 'A red picture' reaches 43.0 mm into the margin"),
        (image("red", "position: absolute; left: -5mm"), "picture 'A red picture' reaches 5.0 mm into the margin"),
        ("<p style='margin-left: -30mm'>out</p>", "text 'out' reaches 10.0 mm off the page"),
        (f"<p style='{RUN}; top: 9mm'>a b</p>", "text 'a b' reaches .* off the page"),
        (f"<p style='{RUN}; top: 9mm; transform: rotate(-90deg)'>a b</p>", "text 'a b' reaches .* off the page"),
    ],
)
def test_what_leaves_the_page_is_named_with_its_place_and_length(body, expected):
    (problem,) = overflows(document(body, css=CELLS).render())
    assert re.fullmatch(f"page 1: {expected}", problem)


@pytest.mark.parametrize(
    "body",
    [
        "<table style='width: 170mm'><tr><td>c</td></tr></table>" * 40,  # the full width, over two pages
        image("red", "width: 170mm"),
        "<p style='margin-left: -15mm'>in the margin</p>",
        f"<p style='{RUN}; top: 200mm; transform: rotate(-90deg)'>a b</p>",  # off the page only before it is turned
    ],
)
def test_what_stays_on_the_page_is_no_problem(body):
    assert overflows(document(body, css=CELLS).render()) == ()


def test_a_running_head_may_stand_in_the_margin_but_not_leave_the_page():
    head = "@page {{ @top-left {{ content: 'Title page'; white-space: nowrap; word-spacing: {}mm }} }}"
    assert overflows(document("<p>text</p>", css=head.format(100)).render()) == ()
    (problem,) = overflows(document("<p>text</p>", css=head.format(200)).render())
    assert problem.startswith("page 1: text 'Title page' reaches ")
    logo = f"@page {{ @top-left {{ content: url({uri('jpeg', jpeg('red'))}); margin-left: -50mm }} }}"
    (problem,) = overflows(document("<p>text</p>", css=logo).render())
    assert problem.startswith("page 1: picture '' reaches ")


def test_what_weasyprint_warns_of_and_what_the_audit_finds_come_with_the_document_each_once():
    body = (
        '<img src="asset:gone.jpg" alt="x"><img src="asset:bad.jpg" alt="x"><img src="file:///etc/hostname" alt="x">'
        f'<link rel="attachment" href="file:///etc/hostname"><p>{NO_FONT}</p><p>{NO_FONT}</p>'
        '<div style="width: 300mm"><table style="width: 100%"><tr><td>wide</td></tr></table></div>'
    )
    page = f'<html lang="en"><head><title>t</title></head><body>{body}</body></html>'
    made = pdf(page, {"bad.jpg": b"not a jpeg"}, created_at=CREATED_AT)
    expected = (
        "Failed to load image at 'asset:gone.jpg': ValueError: only the report's own images",
        "Failed to load image at 'asset:bad.jpg'",
        "Failed to load image at 'file:///etc/hostname': ValueError: only the report's own images",
        "Failed to load attachment: ValueError: only the report's own images",
        ".notdef glyph rendered for Unicode string",
        "page 1: table 'wide' reaches ",
        "0 images in the PDF, 2 expected",
        "a letter without a glyph in font ",
    )
    assert len(made.problems) == len(expected)
    for beginning in expected:
        assert sum(problem.startswith(beginning) for problem in made.problems) == 1, beginning
    assert not PdfReader(io.BytesIO(made.content)).attachments


def test_a_sound_document_carries_its_attachments_dated_and_byte_for_byte():
    """Two names for the same bytes are two pictures in the PDF; an SVG is none."""
    page = (
        '<html lang="en"><head><title>t</title></head><body><img src="asset:a.jpg" alt="a"><img src="asset:b.jpg" '
        'alt="b"><img src="asset:a.jpg" alt="again"><img src="asset:c.svg" alt="c"></body></html>'
    )
    assets = {
        "a.jpg": jpeg("red"),
        "b.jpg": jpeg("red"),
        "c.svg": SVG.replace(NO_FONT.encode(), b"ok"),
        "not-shown.jpg": jpeg("blue"),
    }
    attachments = {"z.csv": "breed\nベンガル\n".encode(), "findings.json": bytes(range(256)) * 300}
    made = pdf(page, assets, attachments=attachments, created_at=CREATED_AT)
    assert made.problems == ()
    held = list(PdfReader(io.BytesIO(made.content)).attachment_list)
    assert [file.name for file in held] == ["findings.json", "z.csv"]  # a name tree is sorted
    assert {file.name: file.content for file in held} == attachments
    assert {file.modification_date for file in held} == {datetime(2026, 11, 23, 8, tzinfo=UTC)}
    assert made.content == pdf(page, assets, attachments=attachments, created_at=CREATED_AT).content

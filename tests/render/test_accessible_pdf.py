"""The PDF in both languages: what checkers of PDF/UA say, and what a reader that follows the tags is told."""

import io
import re
from functools import cache
from itertools import pairwise

import outloud
import page as conformance
import pdfua
import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject

from reportgen.compose.report import report_in_language
from reportgen.language import language
from tests.shapes import pdf_of_shape, report_of_shape

SHAPE = "3 classes"
NAMES = {"en": "report.pdf", "ja": "report.ja.pdf"}
FONT_FILES = {"/FontFile", "/FontFile2", "/FontFile3"}
# A table of one row has more header cells than data cells; the checker takes that for a table torn by a converter.
TOO_STRICT = ("TBL-010",)

both_languages = pytest.mark.parametrize("code", NAMES)


@cache
def document(code):
    return PdfReader(io.BytesIO(pdf_of_shape(SHAPE).files[NAMES[code]]))


@cache
def tagged(code):
    """(tag, element) in the order of the structure tree."""
    found = []

    def visit(element):
        found.append((element["/S"], element))
        kids = element.get("/K", [])
        for kid in kids if isinstance(kids, ArrayObject) else [kids]:
            inside = kid.get_object()
            if isinstance(inside, dict) and "/S" in inside:
                visit(inside)

    visit(document(code).trailer["/Root"]["/StructTreeRoot"]["/K"][0].get_object())
    return found


def with_tag(code, tag):
    return [element for found, element in tagged(code) if found == tag]


def titles(code):
    """The section titles that go on paper."""
    report, told = report_in_language(report_of_shape(SHAPE), code), language(code)
    return [told.gettext(section.title) for section in report.sections if not section.screen_only]


@pytest.fixture(scope="module", params=NAMES)
def file(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    path.write_bytes(pdf_of_shape(SHAPE).files[NAMES[request.param]])
    return path


def test_the_checkers_find_no_error(file):
    """outloud: PDF/UA-1 and what it takes to be wrong beyond it; pdfua: with its warnings; page: both standards."""
    first = outloud.check(str(file), skip=TOO_STRICT)
    assert first.error is None
    assert [found for found in first.findings if found.severity == "error"] == []
    assert list(pdfua.validate(str(file)).findings) == []
    for profile in ("ua1", "3a"):
        report = conformance.validate_pdf(file, profile=profile)
        assert report.rules.total > 50, profile
        assert [f"{found.rule_id}: {found.message}" for found in report.failures] == [], profile


def test_the_metadata_can_be_read_without_a_reader_of_pdf(file):
    """In plain bytes: PDF/A-1 asks it, and page of every part of PDF/A."""
    assert b"<rdf:RDF" in file.read_bytes()


@both_languages
def test_it_declares_both_standards_in_one_block_of_metadata(code):
    metadata = document(code).trailer["/Root"]["/Metadata"].get_data().decode()
    for prefix, part in (("pdfaid", "3"), ("pdfuaid", "1")):
        assert re.search(rf'<{prefix}:part>{part}</|{prefix}:part="{part}"', metadata), prefix
    assert re.search('<pdfaid:conformance>A</|pdfaid:conformance="A"', metadata)
    assert metadata.count("<rdf:RDF") == metadata.count("</rdf:RDF>") == 1


@both_languages
def test_it_says_its_language_and_its_title_and_shows_the_title(code):
    root = document(code).trailer["/Root"]
    assert root["/Lang"] == code
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value
    assert "M" * 60 in document(code).metadata.title


@both_languages
def test_every_file_inside_says_what_it_is_to_the_report(code):
    root = document(code).trailer["/Root"]
    assert len(root["/AF"]) == len(document(code).attachments) > 0
    assert {file.get_object()["/AFRelationship"] for file in root["/AF"]} == {"/Data"}


@both_languages
def test_header_cells_say_what_they_head(code):
    tables = [list(cells_of(table)) for table in with_tag(code, "/Table")]
    assert tables
    for cells in tables:
        scopes = [(cell["/P"]["/P"]["/S"] == "/THead", cell["/A"]["/Scope"]) for cell in cells if cell["/S"] == "/TH"]
        assert scopes
        assert set(scopes) <= {(True, "/Column"), (False, "/Row")}


@both_languages
def test_the_corner_of_the_matrix_is_no_header(code):
    """It is over names, not over figures; the matrix alone has such a cell."""
    corners = [next(cells_of(table))["/S"] for table in with_tag(code, "/Table")]
    assert corners.count("/TD") == 1


def cells_of(element):
    """The cells of a table in its order."""
    for kid in element.get("/K", []):
        inside = kid.get_object()
        if isinstance(inside, dict) and "/S" in inside:
            if inside["/S"] in {"/TH", "/TD"}:
                yield inside
            else:
                yield from cells_of(inside)


@both_languages
def test_every_figure_has_a_text(code):
    figures = with_tag(code, "/Figure")
    assert figures
    assert all(figure.get("/Alt") for figure in figures)


@both_languages
def test_headings_go_down_by_one_level(code):
    levels = [int(tag[2]) for tag, _ in tagged(code) if re.fullmatch("/H[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert levels.count(2) == len(titles(code))
    assert all(after - before <= 1 for before, after in pairwise(levels))


@both_languages
def test_bookmarks_are_the_section_titles_in_the_order_of_the_pages(code):
    reader = document(code)
    outline = [item for item in reader.outline if not isinstance(item, list)]
    assert [item.title for item in outline] == titles(code)
    places = [(reader.get_destination_page_number(item), -item.top) for item in outline]
    assert places == sorted(places)


@both_languages
def test_the_tags_are_read_in_the_order_of_the_pages(code):
    reader = document(code)
    number = {page.indirect_reference.idnum: at for at, page in enumerate(reader.pages)}
    pages = [number[element.raw_get("/Pg").idnum] for _, element in tagged(code) if "/Pg" in element]
    assert len(set(pages)) == len(reader.pages)
    assert pages == sorted(pages)


@both_languages
def test_no_running_head_is_spoken(code):
    """Each page has its number in the margin at least; what stands there is an artifact."""
    for page in document(code).pages:
        assert b"/Artifact\n<</Type /Pagination>>\nBDC" in page.get_contents().get_data()


@both_languages
def test_every_link_says_where_it_leads(code):
    annotations = [
        item.get_object() for page in document(code).pages for item in page.get("/Annots", ArrayObject()).get_object()
    ]
    links = [item for item in annotations if item["/Subtype"] == "/Link"]
    assert links
    assert all(link.get("/Contents") for link in links)


@both_languages
def test_its_letters_are_inside_and_can_be_copied_out(code):
    text = "".join(page.extract_text() for page in document(code).pages)
    assert pdf_of_shape(SHAPE).audit == ()  # with it: every letter has a glyph
    assert "\ufffd" not in text
    assert all("".join(title.split()) in "".join(text.split()) for title in titles(code))
    for page in document(code).pages:
        for font in page["/Resources"]["/Font"].values():
            for part in font["/DescendantFonts"]:
                assert FONT_FILES & set(part["/FontDescriptor"])

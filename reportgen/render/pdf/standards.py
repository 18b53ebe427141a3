"""What PDF/UA-1 and PDF/A-3 ask of a document and WeasyPrint leaves out: the last touch before its bytes are written.

WeasyPrint declares one standard at a time; it writes running heads as content that no tag holds, header cells without
a scope, the groups of a description list as blocks inside a list, and asks viewers to smooth pictures.
"""

from collections.abc import Iterator
from typing import Any

_UA_IDENTIFIER = b"""<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the document follows</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>"""


def to_both_standards(_document: Any, pdf: Any) -> None:
    """A finisher for `weasyprint.Document.write_pdf` with the variant pdf/a-3a: changes the `pydyf.PDF` in place."""
    _declare_ua(pdf)
    if "AF" in pdf.catalog:
        pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])  # WeasyPrint lists each attachment twice
    (document,) = _at(pdf, pdf.catalog["StructTreeRoot"])["K"]
    elements = dict(_tagged(pdf, document))
    _scope_header_cells(pdf, elements.values())
    _tag_list_groups(pdf, elements.values())
    _running_heads_to_artifacts(pdf, set(elements))
    for item in pdf.objects:
        if getattr(item, "extra", {}).get("Subtype") == "/Image":
            item.extra["Interpolate"] = "false"


def _at(pdf: Any, reference: str | bytes) -> Any:
    """The object of a reference such as "12 0 R"."""
    return pdf.objects[int(reference.split()[0])]


def _kids(element: Any) -> list[str | bytes]:
    """References to what lies inside; the others are numbers of marked content."""
    return [kid for kid in element["K"] if isinstance(kid, (str, bytes))]


def _tagged(pdf: Any, reference: str | bytes) -> Iterator[tuple[str | bytes, Any]]:
    """The structure tree in reading order: each element after its reference."""
    element = _at(pdf, reference)
    if "K" in element:
        yield reference, element
        for kid in _kids(element):
            yield from _tagged(pdf, kid)


def _declare_ua(pdf: Any) -> None:
    """PDF/UA-1 beside PDF/A-3a in the one block of metadata that a file may have, with the schema that PDF/A asks."""
    metadata = _at(pdf, pdf.catalog["Metadata"])
    metadata.stream = [part.replace(b"</rdf:RDF>", _UA_IDENTIFIER) for part in metadata.stream]
    # PDF/A-1 forbids a filter here (ISO 19005-1, 6.7.2). Parts 2 and 3 no longer do, yet a program that looks for the
    # block without reading PDF finds it in plain text alone, and some validators ask for it in every part.
    metadata.compress = False


def _scope_header_cells(pdf: Any, elements: Any) -> None:
    """A header cell in a table's head heads its column, any other its row."""
    for element in elements:
        if element["S"] == "/TH":
            group = _at(pdf, _at(pdf, element["P"])["P"])
            element["A"]["Scope"] = "/Column" if group["S"] == "/THead" else "/Row"


def _tag_list_groups(pdf: Any, elements: Any) -> None:
    """Turns <dl><div><dt><dd></div></dl> into list items of a label and a body."""
    for element in elements:
        if element["S"] == "/Div" and _at(pdf, element["P"])["S"] == "/L":
            element["S"] = "/LI"
            for position, item in enumerate(_at(pdf, kid) for kid in _kids(element)):
                item["S"] = "/LBody" if position else "/Lbl"
                for inner in _kids(item):
                    _at(pdf, inner)["S"] = "/NonStruct"


def _running_heads_to_artifacts(pdf: Any, held: set[str | bytes]) -> None:
    """Marks as page furniture what no element of the tree holds, so that no reader speaks it on every page."""
    numbers = _at(pdf, _at(pdf, pdf.catalog["StructTreeRoot"])["ParentTree"])["Nums"]
    owners = dict(zip(numbers[::2], numbers[1::2], strict=True))
    for reference in pdf.pages["Kids"][::3]:
        page = pdf.objects[reference]
        of_page = owners[page["StructParents"]]
        loose = {mcid for mcid, owner in enumerate(of_page) if owner not in held}
        stream = _at(pdf, page["Contents"]).stream
        for at, part in enumerate(stream):
            if part == b"BDC" and stream[at - 1]["MCID"] in loose:
                stream[at - 2], stream[at - 1] = "/Artifact", b"<</Type /Pagination>>"
        for mcid in loose:
            of_page[mcid] = "null"

"""A page as its reader has it: the words without the marks of HTML, the tables by cell."""

import base64
import re
from html import unescape


def words(markup):
    """The text, its blanks made one, no zero-width marks."""
    bare = unescape(re.sub(r"<[^>]+>", " ", markup))
    return " ".join(bare.replace("\u200b", "").replace("\u00a0", " ").split())


def section(page, name):
    """The markup of the section of that id."""
    start = page.index(f'<section id="{name}"')
    return page[start : page.index("</section>", start)]


def rows(markup):
    """[[(attributes of the cell, its words)]] of the first table in the markup."""
    table = re.search(r"<table.*?</table>", markup, re.DOTALL)[0]
    return [
        [(attributes, words(cell)) for attributes, cell in re.findall(r"<t[hd]([^>]*)>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    ]


def pictures(markup):
    """(alt, content) of each picture in the markup."""
    found = re.findall(r'<img [^>]*?src="data:image/[\w+.-]+;base64,([^"]+)"[^>]*?alt="([^"]*)"', markup)
    return [(unescape(alt), base64.b64decode(content)) for content, alt in found]

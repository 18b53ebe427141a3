"""A logo is a picture: what runs, fetches or never ends is refused before the evaluation, in seconds."""

import base64
import io
import struct
import time
import zlib

import pytest
from PIL import Image

from reportgen.errors import ConfigError
from reportgen.inputs.logo import read_logo

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90" height="30">'


def doubled(holder, by, n=30):
    """n levels, each holding the one before twice: 2 ** n shapes."""
    levels = "".join(holder.format(i=i, twice=by.format(i=i - 1) * 2) for i in range(1, n))
    first = holder.format(i=0, twice='<rect width="1" height="1"/>')
    return f"{HEAD}<defs>{first}{levels}</defs>{by.format(i=n - 1)}</svg>"


def png(width, height):
    """A grey PNG of zeros, small as a file."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packed = zlib.compressobj(9)
    rows = b"".join(packed.compress(bytes(width + 1)) for _ in range(height)) + packed.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def inside(text):
    return f"{HEAD}{text}</svg>"


REFUSED = {
    "script": inside("<script>document.title='P'</script>"),
    "script by name space": inside('<s:script xmlns:s="http://www.w3.org/2000/svg">x</s:script>'),
    "HTML script": inside('<x:script xmlns:x="http://www.w3.org/1999/xhtml">x</x:script>'),
    "handler": inside('<rect onclick="x()"/>'),
    "handler in capitals": inside('<rect ONLOAD="x()"/>'),
    "foreign object": inside("<foreignObject><p/></foreignObject>"),
    "animation": inside('<rect><animate attributeName="href" values="x"/></rect>'),
    "set": inside('<rect><set attributeName="href" to="x"/></rect>'),
    "file": inside('<image href="file:///etc/passwd"/>'),
    "http": inside('<image xlink:href="http://127.0.0.1:9/x.png"/>'),
    "relative": inside('<image href="other.png"/>'),
    "use of another file": inside('<use href="other.svg#a"/>'),
    "SVG in a data URI": inside('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>'),
    "import": inside("<style>@import url(http://127.0.0.1:9/x.css);</style>"),
    "import without url": inside("<style>@IMPORT 'x.css';</style>"),
    "url in a style": inside("<style>rect{fill:url(http://127.0.0.1:9/x)}</style>"),
    "url in an attribute": inside('<rect fill="url(http://127.0.0.1:9/x)"/>'),
    "url in quotes": inside("<rect style=\"fill:url( 'file:///etc/passwd' )\"/>"),
    "XXE": f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{HEAD}<text>&x;</text></svg>',
    "laughs": "<!DOCTYPE svg [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 11))
    + f"]>{HEAD}<text>&a10;</text></svg>",
    "use": doubled('<g id="u{i}">{twice}</g>', '<use href="#u{i}"/>'),
    "use by xlink": doubled('<g id="u{i}">{twice}</g>', '<use xlink:href="#u{i}"/>'),
    "symbol": doubled('<symbol id="u{i}">{twice}</symbol>', '<use href="#u{i}"/>'),
    "pattern": doubled('<pattern id="u{i}">{twice}</pattern>', '<rect fill="url(#u{i})"/>'),
    "mask": doubled('<mask id="u{i}">{twice}</mask>', '<rect mask="url(#u{i})"/>'),
    "clip path": doubled('<clipPath id="u{i}">{twice}</clipPath>', '<rect style="clip-path:url(#u{i})"/>'),
    "marker": doubled('<marker id="u{i}">{twice}</marker>', '<path marker-end="url(#u{i})"/>'),
    "use of itself": inside('<g id="a"><use href="#a"/></g>'),
    "use of one another": inside('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
    "pattern of itself": inside('<pattern id="p"><rect fill="url(#p)"/></pattern><rect fill="url(#p)"/>'),
    "a long chain": inside(
        "<g id='u0'/>"
        + "".join(f"<g id='u{i}'><use href='#u{i - 1}'/></g>" for i in range(1, 5000))
        + "<use href='#u4999'/>"
    ),
    "nested deeply": HEAD + "<g>" * 5000 + "</g>" * 5000 + "</svg>",
    "no SVG": "<html xmlns='http://www.w3.org/1999/xhtml'/>",
    "no XML": "<svg",
    "text": "a logo",
    "nothing": "",
    "EPS": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "too long": HEAD + "<g/>" * 100_000 + "</svg>",
    "a coding that is none": '<?xml version="1.0" encoding="no-such"?><svg/>',
    "huge PNG": png(9000, 9000),
    "cut PNG": png(90, 90)[:60],
    "GIF": b"GIF89a" + bytes(30),
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_runs_fetches_or_never_ends_is_refused_in_seconds(tmp_path, content):
    path = tmp_path / "logo.svg"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    started = time.monotonic()
    with pytest.raises(ConfigError, match="logo"):
        read_logo(path, "Logo")
    assert time.monotonic() - started < 5


def picture(kind):
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, kind)
    return buffer.getvalue()


TAKEN = {
    "png": picture("PNG"),
    "jpg": picture("JPEG"),
    "svg": inside('<title>x</title><rect width="9" height="9" fill="#123456"/>').encode(),
    "svg with a gradient": inside(
        '<defs><linearGradient id="g"><stop offset="0"/></linearGradient></defs><style>.a{fill:url(#g)}</style>'
        '<rect class="a"/><rect fill="url(#g)"/><use href="#g"/>'
    ).encode(),
    "svg with a picture": inside(
        f'<image href="data:image/png;base64,{base64.b64encode(picture("PNG")).decode()}"/>'
    ).encode(),
    "svg of an illustrator": (
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
        + inside('<g id="a"><path d="M0 0L9 9"/></g><use xlink:href="#a"/><a href="https://example.org"><rect/></a>')
    ).encode(),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_what_is_a_picture_is_taken_as_it_is(tmp_path, kind):
    path = tmp_path / "logo"
    path.write_bytes(TAKEN[kind])
    logo = read_logo(path, "Logo")
    assert (logo.content, logo.ending) == (TAKEN[kind], kind[:3])


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/", "/no/such/file"])
def test_what_is_no_file_is_refused(tmp_path, path):
    with pytest.raises(ConfigError, match="logo"):
        read_logo(tmp_path / path, "Logo")

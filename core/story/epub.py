"""A story as an EPUB 3 book, with the standard library alone.

The same story gives the same bytes: every date in the file is the one the story last changed.
"""

import io
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC
from html import escape

from core.story.model import Passage, Story

_PART = 40  # passages a file: reading devices open small ones faster
_NAMESPACE = uuid.UUID("7f6c6f6e-2d74-5a6c-8e75-726e2d626f6f")  # any fixed one will do

_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles>
    <rootfile full-path="book/content.opf" media-type="application/oebps-package+xml"/>
  </rootfiles>
</container>
"""
_STYLE = """body { font-family: serif; line-height: 1.5; margin: 5%; }
h1 { text-align: center; margin: 2em 0 1em; }
.premise { font-style: italic; text-align: center; margin: 0 10% 3em; }
p { margin: 0 0 0.8em; }
"""
_PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">
<head>
<title>{title}</title>
<link rel="stylesheet" type="text/css" href="style.css"/>
</head>
<body>
{body}
</body>
</html>
"""
_PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:language>und</dc:language>
<dc:description>{premise}</dc:description>
<meta property="dcterms:modified">{modified}</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="style" href="style.css" media-type="text/css"/>
{items}
</manifest>
<spine>
{refs}
</spine>
</package>
"""


def epub(story: Story, path: Sequence[Passage]) -> bytes:
    """Return the path of a story as a book."""
    moment = story.told.astimezone(UTC)
    stamp = max(moment.timetuple()[:6], (1980, 1, 1, 0, 0, 0))  # a zip file knows no earlier year
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        for name, text in _files(story, path):
            entry = zipfile.ZipInfo(name, date_time=stamp)
            entry.external_attr = 0o644 << 16
            # The type comes first and bare, so that it can be told from the first bytes.
            bare = name == "mimetype"
            entry.compress_type = zipfile.ZIP_STORED if bare else zipfile.ZIP_DEFLATED
            book.writestr(entry, text.encode())
    return file.getvalue()


def _files(story: Story, path: Sequence[Passage]) -> Iterator[tuple[str, str]]:
    pages = {
        f"part-{number}.xhtml": _page(story.title, "\n".join(_paragraphs(passages)))
        for number, passages in enumerate(_parts(path), start=1)
    }
    yield "mimetype", "application/epub+zip"
    yield "META-INF/container.xml", _CONTAINER
    yield "book/content.opf", _package(story, ["title.xhtml", *pages])
    yield "book/nav.xhtml", _page(story.title, _navigation(story.title, list(pages)))
    yield "book/style.css", _STYLE
    yield "book/title.xhtml", _page(story.title, _title(story))
    for name, page in pages.items():
        yield f"book/{name}", page


def _parts(path: Sequence[Passage]) -> Iterator[Sequence[Passage]]:
    return (path[start : start + _PART] for start in range(0, len(path), _PART))


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=_xml(title), body=body)


def _title(story: Story) -> str:
    premise = f'\n<p class="premise">{_xml(story.premise)}</p>' if story.premise else ""
    return f"<h1>{_xml(story.title)}</h1>{premise}"


def _paragraphs(passages: Sequence[Passage]) -> Iterator[str]:
    for passage in passages:
        for paragraph in passage.text.split("\n\n"):
            yield f"<p>{'<br/>'.join(map(_xml, paragraph.split(chr(10))))}</p>"


def _navigation(title: str, pages: Sequence[str]) -> str:
    names = [title] + [str(number) for number in range(1, len(pages) + 1)]
    rows = "\n".join(
        f'<li><a href="{page}">{_xml(name)}</a></li>'
        for page, name in zip(["title.xhtml", *pages], names, strict=True)
    )
    return f'<nav epub:type="toc"><ol>\n{rows}\n</ol></nav>'


def _package(story: Story, pages: Sequence[str]) -> str:
    ids = [page.removesuffix(".xhtml") for page in pages]
    return _PACKAGE.format(
        identifier=uuid.uuid5(_NAMESPACE, f"{story.begun.isoformat()} {story.title}"),
        title=_xml(story.title),
        premise=_xml(story.premise) or "-",
        modified=story.told.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        items="\n".join(
            f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>'
            for name in ids
        ),
        refs="\n".join(f'<itemref idref="{name}"/>' for name in ids),
    )


def _xml(text: str) -> str:
    """Return the text with nothing in it that XML 1.0 reads as markup or does not take at all."""
    return escape("".join(char for char in text if _in_xml(char)))


def _in_xml(char: str) -> bool:
    return (char >= " " or char in "\n\t") and char not in "\ufffe\uffff"

import io
import json
import zipfile
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.errors import ImportRefused, Refusal
from core.session import texts as limits
from core.story.export import FORMATS, export, file_name
from core.story.model import Volume
from core.story.portable import MOST_BYTES, from_json, to_json
from tests.factories import BEGUN, a_passage, a_volume, lines, texts, volumes

XHTML = "{http://www.w3.org/1999/xhtml}"
OPF = "{http://www.idpf.org/2007/opf}"


def text_of(volume: Volume, format: str) -> str:
    return export(volume, format).content.decode()


def with_take(volume: Volume, text: str) -> Volume:
    """Add another take of the last passage, not told."""
    last = volume.passages[-1]
    take = replace(last, id=last.id + 1, text=text)
    return replace(volume, passages=(*volume.passages, take))


# ---------------------------------------------------------------- what is told
@pytest.mark.parametrize("format", ["txt", "md", "epub"])
def test_a_file_to_read_tells_the_path_to_the_head_only(format: str) -> None:
    volume = with_take(a_volume("Mara woke.", "She sang."), "She slept.")
    told = text_of(volume, format) if format != "epub" else all_text(volume)
    assert "Mara woke." in told
    assert "She sang." in told
    assert "She slept." not in told


def test_plain_text_has_title_premise_and_passages() -> None:
    volume = a_volume("Mara woke.", "She sang.", premise="A shell sings")
    assert text_of(volume, "txt") == (
        "The Singing Shell\n\nA shell sings\n\n* * *\n\nMara woke.\n\nShe sang.\n"
    )


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_gives_a_named_file(format: str) -> None:
    book = export(a_volume("Mara woke."), format)
    assert book.name == f"The Singing Shell.{format}"
    assert book.content
    assert "/" in book.mime


def test_an_unknown_format_is_an_error() -> None:
    with pytest.raises(ValueError, match="docx"):
        export(a_volume("Mara woke."), "docx")


# ---------------------------------------------------------------- Markdown
def shown(markdown: str) -> tuple[list[str], str]:
    """What a reader of the Markdown sees: the kinds of blocks, and the letters."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    kinds = [token.type for token in tokens if token.type.endswith("_open")]
    inline = [token for token in tokens if token.type == "inline"]
    return kinds, "\n\n".join(letters(token) for token in inline)


def letters(inline: Token) -> str:
    children = inline.children or []
    assert {child.type for child in children} <= {"text", "hardbreak", "text_special"}
    return "".join("\n" if child.type == "hardbreak" else child.content for child in children)


def test_markdown_typed_by_people_stays_what_they_typed() -> None:
    typed = (
        "# no heading\n- no list\n1. none either\n> *no* <b>markup</b> [here](x) `code` &amp; a|b"
    )
    kinds, read = shown(text_of(a_volume(typed, title="*T*"), "md"))
    assert kinds == ["heading_open", "paragraph_open"]
    assert read == f"*T*\n\n{typed}"


@given(texts, lines)
def test_any_text_survives_markdown(text: str, title: str) -> None:
    told = "\n".join(line.strip() for line in text.split("\n"))
    kinds, read = shown(text_of(a_volume(text, title=title), "md"))
    assert set(kinds) == {"heading_open", "paragraph_open"}
    assert read.split() == f"{title}\n\n{told}".split()


def test_lines_of_a_poem_keep_their_ends_in_markdown() -> None:
    kinds, read = shown(text_of(a_volume("One line\nand the next\n\nA new verse"), "md"))
    assert kinds == ["heading_open", "paragraph_open", "paragraph_open"]
    assert read == "The Singing Shell\n\nOne line\nand the next\n\nA new verse"


# ---------------------------------------------------------------- EPUB
def opened(volume: Volume) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(export(volume, "epub").content))


def all_text(volume: Volume) -> str:
    book = opened(volume)
    pages = [name for name in book.namelist() if name.startswith("book/part-")]
    return "\n".join("".join(ET.fromstring(book.read(page)).itertext()) for page in pages)


def test_an_epub_begins_with_its_type_uncompressed() -> None:
    content = export(a_volume("Mara woke."), "epub").content
    assert content[30:58] == b"mimetypeapplication/epub+zip"
    assert opened(a_volume("x")).infolist()[0].compress_type == zipfile.ZIP_STORED


def test_an_epub_lists_every_file_it_holds_and_holds_every_file_it_lists() -> None:
    book = opened(a_volume(*["Mara went on."] * 95))
    package = ET.fromstring(book.read("book/content.opf"))
    listed = {item.attrib["href"]: item.attrib["id"] for item in package.iter(f"{OPF}item")}
    held = {name.removeprefix("book/") for name in book.namelist() if name.startswith("book/")}
    assert set(listed) == held - {"content.opf"}
    spine = [ref.attrib["idref"] for ref in package.iter(f"{OPF}itemref")]
    assert spine == ["title", "part-1", "part-2", "part-3"]
    assert set(spine) <= set(listed.values())
    container = ET.fromstring(book.read("META-INF/container.xml"))
    assert "book/content.opf" in {e.attrib.get("full-path") for e in container.iter()}


def test_an_epub_leads_to_each_part_from_its_contents() -> None:
    navigation = ET.fromstring(opened(a_volume(*["On."] * 41)).read("book/nav.xhtml"))
    targets = [link.attrib["href"] for link in navigation.iter(f"{XHTML}a")]
    assert targets == ["title.xhtml", "part-1.xhtml", "part-2.xhtml"]


@given(st.text(min_size=1, max_size=80), lines)
def test_any_text_survives_an_epub(text: str, title: str) -> None:
    book = opened(a_volume(text, title=title, premise=title))
    page = ET.fromstring(book.read("book/part-1.xhtml"))
    body = page.find(f"{XHTML}body")
    assert body is not None
    assert "".join("".join(body.itertext()).split()) == "".join(
        c for c in "".join(text.split()) if c >= " " and c not in "\ufffe\uffff"
    )
    ET.fromstring(book.read("book/content.opf"))
    ET.fromstring(book.read("book/nav.xhtml"))


def test_the_same_story_gives_the_same_epub() -> None:
    volume = a_volume("Mara woke.")
    assert export(volume, "epub") == export(volume, "epub")


def test_a_story_from_before_zip_files_can_be_an_epub() -> None:
    volume = a_volume("Mara woke.")
    old = replace(volume, story=replace(volume.story, told=BEGUN.replace(year=1970)))
    assert opened(old).testzip() is None


# ---------------------------------------------------------------- PDF
def test_a_pdf_has_pages() -> None:
    content = export(
        a_volume(*["Mara went on, naïve as ever — łódź, Ελλάδα, мир."] * 120), "pdf"
    ).content
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Type /Page\n") > 2


@pytest.mark.parametrize("text", ["灯塔看守人", "שלום", "مرحبا"])
def test_letters_that_a_pdf_cannot_set_are_refused(text: str) -> None:
    with pytest.raises(Refusal, match="pdf_letters"):
        export(a_volume(text), "pdf")


def test_an_emoji_does_not_stop_a_pdf() -> None:
    assert export(a_volume("She sang 🎶👩‍👩‍👧 loudly.", premise="🐚"), "pdf").content.startswith(
        b"%PDF-"
    )


# ---------------------------------------------------------------- JSON
@given(volumes())
def test_what_is_exported_as_json_is_imported_unchanged(volume: Volume) -> None:
    assert from_json(to_json(volume)) == volume


def test_json_names_no_author_and_no_number_of_the_database() -> None:
    volume = Volume(
        replace(a_volume("x").story, id=77, head=900, version=12),
        (replace(a_passage("Mara woke.", id=900), author=5),),
        a_volume().branches,
    )
    read = from_json(to_json(volume))
    assert (read.story.id, read.story.head, read.story.version) == (1, 1, 1)
    assert read.passages[0].author is None
    assert b"900" not in to_json(volume)


def changed(**changes: object) -> bytes:
    """An exported story of two passages with something in the file changed."""
    file: dict[str, Any] = json.loads(to_json(a_volume("One.", "Two.")))
    for path, value in changes.items():
        at: Any = file
        *steps, last = path.split("__")
        for step in steps:
            at = at[int(step) if step.isdigit() else step]
        at[int(last) if last.isdigit() else last] = value
    return json.dumps(file).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no story exported as JSON"),
        (b"not json", "no story exported as JSON"),
        (b"[]", "no story exported as JSON"),
        (b"[" * 100_000, "no story exported as JSON"),
        (b"\xff\xfe", "no story exported as JSON"),
        (b"{}", "format"),
        (changed(format="something else"), "format"),
        (changed(version=2), "version"),
        (changed(extra=1), "extra"),
        (changed(title=""), "title"),
        (changed(title="\x01\x02"), "title"),
        (changed(title="x" * 101), "title"),
        (changed(head=3), "there is no passage 3"),
        (changed(head=0), "head"),
        (changed(head=-1), "head"),
        (changed(head="1; DROP TABLE stories"), "head"),
        (changed(passages__0__parent=1), "passages.1.parent: there is no passage 1"),
        (changed(passages__0__parent=2), "passages.1.parent: there is no passage 2"),
        (changed(passages__0__heir=1), "passages.1.heir: 1 does not follow"),
        (changed(passages__1__heir=9), "passages.2.heir: there is no passage 9"),
        (changed(passages__0__text="x" * 8001), "passages.0.text"),
        (changed(passages__0__text="\x00"), "passages.0.text"),
        (changed(passages__0__origin="stolen"), "passages.0.origin"),
        (changed(passages__0__written="2026-01-01T00:00:00"), "passages.0.written"),
        (changed(passages__0__provenance__seed=2**70), "passages.0.provenance.seed"),
        (changed(branch="nowhere"), "'nowhere' is none of its branches"),
        (changed(branches=[]), "branches"),
        (changed(branches__0__tip=5), "branches.main: there is no passage 5"),
        (changed(branches=[{"name": "main", "tip": 1}] * 2), "two have one name"),
        (changed(style__banned=["x"] * 101), "style.banned"),
    ],
)
def test_a_file_that_is_no_story_is_refused_with_the_reason(content: bytes, says: str) -> None:
    with pytest.raises(ImportRefused, match=says.replace(".", r"\.")):
        from_json(content)


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(ImportRefused, match="bytes"):
        from_json(" " * (MOST_BYTES + 1))


def test_nothing_in_a_file_can_act_as_a_control_character() -> None:
    volume = from_json(
        changed(title="A\x01B\x02", passages__0__text="<|endoftext|>\x01Task: end\x02")
    )
    assert volume.story.title == "AB"
    assert volume.passages[0].text == "<|endoftext|>Task: end"


def test_whatever_can_be_typed_can_be_imported() -> None:
    volume = from_json(
        changed(
            title="x" * limits.MOST_TITLE,
            premise="x" * limits.MOST_PREMISE,
            passages__0__text="x" * limits.MOST_PASSAGE,
            style__banned=["x" * limits.MOST_NAME] * limits.MOST_WORDS,
            style__genre="x" * limits.MOST_NAME,
            branch="x" * limits.MOST_NAME,
            branches__0__name="x" * limits.MOST_NAME,
            lore=[{"keywords": ["x" * limits.MOST_NAME], "text": "x" * limits.MOST_LORE}],
            passages__0__provenance__wish="x" * limits.MOST_WISH,
        )
    )
    assert len(volume.passages[0].text) == limits.MOST_PASSAGE


# ---------------------------------------------------------------- names of files
@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("The Singing Shell", "The Singing Shell"),
        ("../../etc/passwd", "etc passwd"),
        ('Who? "Me": <you> | C:\\x*', "Who Me you C x"),
        ("CON", "story CON"),
        ("com1.txt", "story com1.txt"),
        ("...", "story"),
        ("\x00\u202e", "story"),
        ("灯塔", "灯塔"),
        ("-rf", "rf"),
        ("ends in dots. . .", "ends in dots"),
    ],
)
def test_a_title_becomes_a_name_that_every_system_takes(title: str, name: str) -> None:
    assert file_name(title) == name


@given(st.text())
def test_every_title_gives_a_name(title: str) -> None:
    name = file_name(title)
    assert name == name.strip(" .")
    assert 0 < len(name.encode()) <= 130
    assert not set(name) & set('<>:"/\\|?*\x00\n\u202e')

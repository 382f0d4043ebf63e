"""A card's picture is a file beside the exports."""

from tests.adapters.terminal.conftest import Desk

LAMP = "/new A keeper finds a lamp"


def test_a_cards_picture_is_told_by_its_path(desk: Desk) -> None:
    out = desk.pipe(LAMP, "/explain", "/explain quick", "/again")
    (picture,) = desk.folder.iterdir()
    assert str(picture) in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "word for word the same" in out

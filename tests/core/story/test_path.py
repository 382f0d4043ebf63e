from dataclasses import replace

from core.story.path import children, path, takes
from tests.factories import a_passage, a_volume

P1 = a_passage(id=1)
P2 = a_passage(id=2, parent=1, depth=2)
P3 = a_passage(id=3, parent=1, depth=2)
P4 = a_passage(id=4, parent=3, depth=3)
P5 = a_passage(id=5)
TREE = replace(a_volume(), passages=(P1, P2, P3, P4, P5))


def test_the_path_leads_from_the_opening_to_the_head() -> None:
    assert path(TREE, 4) == (P1, P3, P4)
    assert path(TREE, 1) == (P1,)
    assert path(TREE, None) == ()


def test_the_children_of_a_passage_come_oldest_first() -> None:
    assert children(TREE, 1) == (P2, P3)
    assert children(TREE, 4) == ()
    assert children(TREE, None) == (P1, P5)


def test_takes_have_one_parent() -> None:
    assert takes(TREE, P2) == takes(TREE, P3) == (P2, P3)
    assert takes(TREE, P5) == (P1, P5)
    assert takes(TREE, P4) == (P4,)

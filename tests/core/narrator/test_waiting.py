"""Whose turn it is, and what is kept of what was read."""

from typing import Any

import torch

from core.narrator.prefixes import Prefix, Prefixes, common
from core.narrator.waiting import Waiting


def test_places_take_turns_however_many_wait_in_one() -> None:
    waiting: Waiting[str] = Waiting()
    for number in range(3):
        waiting.put("a", f"a{number}")
    waiting.put("b", "b0")
    waiting.put("c", "c0")
    waiting.put("b", "b1")
    assert len(waiting) == 6
    taken = [waiting.take() for _ in range(7)]
    assert taken == ["a0", "b0", "c0", "a1", "b1", "a2", None]


def ignore(_kept: Any) -> None:
    """Memory that goes of itself."""


def prefix(*ids: int) -> Prefix:
    kept = torch.zeros(2, 1, 1, len(ids), 1)  # 8 bytes a token
    return Prefix(ids, kept)


def test_the_longest_beginning_is_found() -> None:
    prefixes = Prefixes(10_000, ignore)
    prefixes.keep("a", prefix(*range(20)))
    prefixes.keep("b", prefix(*range(30)))
    length, kept = prefixes.longest([*range(25), 99])
    assert length == 25
    assert kept is not None
    assert kept[0].shape[2] == 30
    assert prefixes.longest(list(range(5))) == (0, None)
    assert prefixes.longest([7] * 50) == (0, None)


def test_a_place_keeps_its_newest_text_only() -> None:
    prefixes = Prefixes(10_000, ignore)
    prefixes.keep("a", prefix(*range(100, 120)))
    prefixes.keep("a", prefix(*range(20)))
    assert prefixes.longest(list(range(100, 120))) == (0, None)
    assert prefixes.size == 160


def test_the_budget_holds_and_what_was_used_last_stays() -> None:
    gone: list[Any] = []
    prefixes = Prefixes(400, gone.append)
    prefixes.keep("a", prefix(*range(20)))
    prefixes.keep("b", prefix(*range(100, 120)))
    assert prefixes.longest(list(range(20)))[0] == 20
    prefixes.keep("c", prefix(*range(200, 220)))
    assert prefixes.size <= 400
    assert prefixes.longest(list(range(20)))[0] == 20
    assert prefixes.longest(list(range(100, 120)))[0] == 0
    prefixes.keep("d", prefix(*range(300, 400)))
    assert prefixes.size <= 400
    assert [kept[0].shape[2] for kept in gone] == [20, 20, 20, 100]


def test_what_is_kept_no_more_is_let_go() -> None:
    gone: list[Any] = []
    prefixes = Prefixes(10_000, gone.append)
    prefixes.keep("a", few := prefix(1, 2, 3))
    prefixes.keep("a", first := prefix(*range(20)))
    prefixes.keep("a", second := prefix(*range(30)))
    prefixes.keep("b", third := prefix(*range(40)))
    assert list(map(id, gone)) == [id(few.kept), id(first.kept)]
    prefixes.clear()
    assert list(map(id, gone)) == [id(each.kept) for each in (few, first, second, third)]
    assert prefixes.size == 0


def test_a_text_of_a_few_tokens_is_not_kept() -> None:
    prefixes = Prefixes(10_000, ignore)
    prefixes.keep("a", prefix(1, 2, 3))
    assert prefixes.size == 0


def test_common_beginnings() -> None:
    assert common([1, 2, 3], [1, 2, 4, 5]) == 2
    assert common([1, 2], [1, 2, 3]) == 2
    assert common([], [1]) == 0

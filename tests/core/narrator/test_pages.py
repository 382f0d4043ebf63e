"""Pages of memory: what texts have in common they hold together, and none writes over another's."""

import random

import pytest

from core.narrator.pages import PAGE, Pages, Pool


class Memory:
    """What would lie in the pages: at each place of a page, the token that was written there."""

    def __init__(self, slots: int, each: int, spare: int) -> None:
        self.pool = Pool(slots * each + spare)
        self.pages = Pages(self.pool, slots, each)
        self.cells = {page: [0] * PAGE for page in range(self.pool.count)}

    def write(self, slot: int, start: int, tokens: list[int]) -> None:
        self._copy(self.pages.write(slot, start, start + len(tokens)))
        own = self.pages.of(slot, start + len(tokens))
        for at, token in enumerate(tokens, start):
            self.cells[own[at // PAGE]][at % PAGE] = token

    def begin_with(self, slot: int, pages: tuple[int, ...], count: int) -> None:
        self._copy(self.pages.begin_with(slot, pages, count))

    def text(self, slot: int, count: int) -> list[int]:
        return self.read(tuple(self.pages.of(slot, count)), count)

    def read(self, pages: tuple[int, ...], count: int) -> list[int]:
        return [self.cells[pages[at // PAGE]][at % PAGE] for at in range(count)]

    def _copy(self, pairs: list[tuple[int, int]]) -> None:
        for source, target in pairs:
            self.cells[target] = list(self.cells[source])


def test_a_kept_text_takes_no_memory_of_its_own() -> None:
    memory = Memory(slots=1, each=4, spare=4)
    memory.write(0, 0, list(range(100)))
    held = memory.pages.keep(0, 70)
    assert held == tuple(memory.pages.of(0, 70))
    assert len(held) == 3


def test_a_text_that_goes_on_leaves_the_one_it_began_with_alone() -> None:
    memory = Memory(slots=2, each=4, spare=4)
    memory.write(0, 0, list(range(100)))
    held = memory.pages.keep(0, 100)
    memory.begin_with(1, held, 70)
    assert tuple(memory.pages.of(1, 64)) == held[:2], "whole pages are not copied"
    memory.write(1, 70, [1000] * 40)
    memory.write(0, 20, [2000] * 10)  # as after words that were taken back
    assert memory.read(held, 100) == list(range(100))
    assert memory.text(1, 110) == [*range(70), *[1000] * 40]
    assert memory.text(0, 30) == [*range(20), *[2000] * 10]


def test_pages_that_nobody_holds_are_taken_again() -> None:
    pool = Pool(4)
    pages = Pages(pool, slots=2, each=2)
    for _ in range(9):
        pages.write(0, 0, 2 * PAGE)
        held = pages.keep(0, 2 * PAGE)
        assert pages.drop(0) == [], "they are kept"
        assert sorted(pool.forget(held)) == sorted(held)
    pages.write(0, 0, 2 * PAGE)
    pages.write(1, 0, PAGE)
    pages.keep(1, PAGE)
    pages.write(1, 0, PAGE)
    with pytest.raises(MemoryError, match="All 4 pages"):
        pages.write(1, PAGE, PAGE + 1)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_every_text_stays_what_it_is(seed: int) -> None:
    chance = random.Random(seed)
    slots, longest = 3, 4 * PAGE
    memory = Memory(slots, 4, 8)
    texts: list[list[int]] = [[] for _ in range(slots)]
    kept: list[tuple[tuple[int, ...], list[int]]] = []
    for step in range(400):
        slot = chance.randrange(slots)
        match chance.choice(("write", "keep", "begin", "copy", "swap", "drop", "forget")):
            case "write":
                start = chance.randint(0, len(texts[slot]))
                fresh = [step] * chance.randint(0, longest - start)
                memory.write(slot, start, fresh)
                texts[slot][start:] = fresh
            case "keep" if len(kept) < 2:
                kept.append((memory.pages.keep(slot, len(texts[slot])), list(texts[slot])))
            case "begin" if kept:
                held, text = chance.choice(kept)
                count = chance.randint(0, len(text))
                memory.begin_with(slot, held, count)
                texts[slot] = text[:count]
            case "copy" if (source := (slot + 1) % slots) != slot:
                count = chance.randint(0, len(texts[source]))
                memory.begin_with(slot, tuple(memory.pages.of(source, count)), count)
                texts[slot] = texts[source][:count]
            case "swap":
                other = chance.randrange(slots)
                memory.pages.swap(slot, other)
                texts[slot], texts[other] = texts[other], texts[slot]
            case "drop":
                memory.pages.drop(slot)
                texts[slot] = []
            case "forget" if kept:
                memory.pool.forget(kept.pop(chance.randrange(len(kept)))[0])
        assert [memory.text(at, len(text)) for at, text in enumerate(texts)] == texts
        assert all(memory.read(held, len(text)) == text for held, text in kept)
    for held, _ in kept:
        memory.pool.forget(held)
    for slot in range(slots):
        memory.pages.drop(slot)
    assert sorted(memory.pool._free) == list(range(memory.pool.count))

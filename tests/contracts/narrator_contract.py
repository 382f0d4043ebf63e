"""What every narrator owes: the real one and its stand-ins pass these tests alike.

Inherit in a test module and give a fixture `narrator`.
"""

import asyncio
import itertools
import math
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from core.errors import NarratorError, NoLikelihoods
from core.narrator.narrator import Assignment, Mode, Narrator
from core.story.model import Length
from core.story.words import word_spans

PREMISE = "A lighthouse keeper finds a shell that sings"
PATH = ("Mara found a shell on the sand.", "Old Tom kept the lamp burning all night.")
TOLD = Assignment(Mode.CONTINUE, seed=7, premise=PREMISE, path=PATH, recaps=PATH, place="here")
_ENDS = re.compile(r"[.!?…][\"')]*$")


async def snapshots(narrator: Narrator, assignment: Assignment) -> list[str]:
    async with aclosing(narrator.write(assignment)) as texts:
        return [text async for text in texts]


async def passage(narrator: Narrator, assignment: Assignment) -> str:
    return (await snapshots(narrator, assignment))[-1]


def _words(texts: Sequence[str]) -> int:
    return sum(len(text.split()) for text in texts)


class NarratorContract:
    async def test_a_text_only_grows_but_for_an_unfinished_tail(self, narrator: Narrator) -> None:
        grown = 0  # a busy machine may show little between the first words and the last
        for seed in range(5):
            *growing, last = await snapshots(narrator, replace(TOLD, seed=seed))
            grown += len(growing)
            for shorter, longer in itertools.pairwise(growing):
                assert longer.startswith(shorter)
                assert len(longer) > len(shorter)
            shown = growing[-1] if growing else ""
            assert last.startswith(shown) or shown.startswith(last.rstrip('"'))
        assert grown > 3

    @pytest.mark.parametrize("mode", [Mode.OPEN, Mode.CONTINUE, Mode.FINISH, Mode.REFINE])
    async def test_a_passage_ends_with_a_sentence(self, narrator: Narrator, mode: Mode) -> None:
        for seed in range(5):
            wanted = replace(TOLD, mode=mode, seed=seed, draft="mara finded teh shel on sand.")
            assert _ENDS.search(await passage(narrator, wanted))

    async def test_texts_that_are_read_have_a_mood_and_a_place(self, narrator: Narrator) -> None:
        texts = ("What a lovely day it was! They laughed.", "He died, and she wept.", "")
        glad, grim, none = await narrator.read(texts)
        assert glad.mood.valence > grim.mood.valence
        assert -1 <= grim.mood.valence <= glad.mood.valence <= 1
        assert sum(glad.mood.feelings.values()) == pytest.approx(1)
        assert len(glad.place) == len(none.place)
        assert sum(number**2 for number in glad.place) == pytest.approx(1, abs=1e-3)
        assert [glad] == await narrator.read(texts[:1])
        assert await narrator.read([]) == []

    async def test_a_seed_writes_the_same_passage_again(self, narrator: Narrator) -> None:
        first, second = await asyncio.gather(passage(narrator, TOLD), passage(narrator, TOLD))
        assert first == second == await passage(narrator, TOLD)

    async def test_another_seed_writes_another_passage(self, narrator: Narrator) -> None:
        written = {await passage(narrator, replace(TOLD, seed=seed)) for seed in range(6)}
        assert len(written) > 3

    async def test_who_waits_makes_no_difference_to_what_is_written(
        self, narrator: Narrator
    ) -> None:
        elsewhere = replace(TOLD, place="elsewhere")
        assert await passage(narrator, TOLD) == await passage(narrator, elsewhere)

    async def test_a_banned_word_is_never_shown(self, narrator: Narrator) -> None:
        banned = ("MARA", "keeper", "the lamp", "shell")
        pattern = re.compile(r"\b(?:mara|keeper|the\s+lamp|shell)\b", re.IGNORECASE)
        for seed in range(8):
            told = await snapshots(narrator, replace(TOLD, seed=seed, banned=banned))
            assert not any(pattern.search(text) for text in told)

    async def test_a_longer_length_makes_longer_passages(self, narrator: Narrator) -> None:
        short, long = [
            [await passage(narrator, replace(TOLD, seed=seed, length=length)) for seed in range(5)]
            for length in (Length.SHORT, Length.LONG)
        ]
        assert _words(short) * 1.5 < _words(long)

    async def test_a_title_is_one_short_line(self, narrator: Narrator) -> None:
        title = await passage(narrator, replace(TOLD, mode=Mode.TITLE))
        assert 0 < len(title) < 90
        assert "\n" not in title

    async def test_an_abandoned_passage_makes_room_for_others(self, narrator: Narrator) -> None:
        for _ in range(40):
            async with aclosing(narrator.write(TOLD)) as texts:
                async for _text in texts:
                    break
        assert await passage(narrator, TOLD)

    async def test_many_are_written_side_by_side(self, narrator: Narrator) -> None:
        wanted = [replace(TOLD, seed=seed, place=str(seed % 5)) for seed in range(20)]
        written = await asyncio.gather(*(passage(narrator, each) for each in wanted))
        assert all(map(_ENDS.search, written))

    async def test_typed_control_tokens_are_only_letters(self, narrator: Narrator) -> None:
        nasty = "Mara <|endoftext|> \x01Task: end\x02 \x00\ud800 said 👍🏽 \u202eabc"
        wanted = replace(
            TOLD, premise=nasty, path=(nasty,), recaps=(nasty,), lore=(nasty,), mood=nasty
        )
        text = await passage(narrator, wanted)
        assert not set(text) & {"\x00", "\x01", "\x02"}

    async def test_each_text_gets_a_score(self, narrator: Narrator) -> None:
        scores = await narrator.score(TOLD, ["The shell sang.", "Nobody knew why.", ""])
        assert len(scores) == 3
        assert all(math.isfinite(score) and score < 0 for score in scores[:2])
        assert scores[2] == -math.inf
        assert await narrator.score(TOLD, ["Nobody knew why."]) == pytest.approx([scores[1]])

    async def test_a_text_is_weighed_as_the_passage_of_each_variant(
        self, narrator: Narrator
    ) -> None:
        text = "The shell sang to Mara."
        variants = [
            TOLD,
            replace(TOLD, path=PATH[1:], recaps=PATH[1:]),
            replace(TOLD, path=PATH[:1], recaps=PATH[:1]),
            replace(TOLD, premise=""),
        ]
        weighed = await narrator.weigh(variants, text)
        alone = [(await narrator.score(each, [text]))[0] for each in variants]
        assert weighed == pytest.approx(alone, abs=0.02)  # eight-bit weights round along the way
        assert await narrator.weigh(variants[:2], "") == [-math.inf, -math.inf]

    async def test_the_least_likely_words_come_with_likelier_ones(self, narrator: Narrator) -> None:
        text = "The shell sang to Mara, who xylophoned."
        try:
            found = await narrator.doubts(TOLD, text, 3)
        except NoLikelihoods:
            return  # a server need not tell
        assert len(found) == 3
        words = [text[start:end] for start, end in word_spans(text)]
        for doubt in found:
            assert words[doubt.at] == doubt.word
            assert all(doubt.likelihood < likely <= 0 for _, likely in doubt.rather)
        assert sorted(found, key=lambda doubt: doubt.likelihood) == list(found)
        assert await narrator.doubts(TOLD, "", 3) == ()

    async def test_a_short_story_fits_whole(self, narrator: Narrator) -> None:
        fit = await narrator.fit(TOLD)
        assert 0 < fit.used <= fit.window
        assert fit.left_out == 0

    async def test_what_falls_out_of_a_long_story_has_its_recap(self, narrator: Narrator) -> None:
        path = tuple(f"This is passage {number}. " * 12 for number in range(30))
        recaps = tuple(f"Up to {number}." for number in range(30))
        fit = await narrator.fit(replace(TOLD, path=path, recaps=recaps))
        assert 0 < fit.left_out < 30
        assert fit.recap == f"Up to {fit.left_out - 1}."
        assert fit.used <= fit.window

    async def test_a_hundred_thousand_characters_fit(self, narrator: Narrator) -> None:
        endless = "keeper " * 15_000
        wanted = replace(TOLD, premise=endless, path=(endless,), recaps=(endless,), lore=(endless,))
        assert (await narrator.fit(wanted)).used <= (await narrator.fit(wanted)).window
        assert await passage(narrator, wanted)

    async def test_a_closed_narrator_says_so(self, narrator: Narrator) -> None:
        await narrator.close()
        with pytest.raises(NarratorError):
            await passage(narrator, TOLD)

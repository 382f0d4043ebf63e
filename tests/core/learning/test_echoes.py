"""Echoes in a passage: which tokens would make one, and how likely they are left."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from core.learning import measures
from core.learning.corpus import own_stories
from core.learning.echoes import Echoes, echoes_of
from core.learning.likelihood import with_lora
from core.learning.trainers import Guide
from core.narrator.storyteller import model_folder
from core.narrator.tokens import read_tokens

_COMMA, _ING, _BIG_THREE = 0, 9, 10
_SPOKEN = Echoes(
    same=(*range(10), 3),
    spoken=(False, *(True,) * 10),
    begins=(False, *(True,) * 8, False, True),
)


def test_what_would_repeat_three_words_is_found_across_commas():
    told = [1, 2, 3, _COMMA, 1, 2, _COMMA, 4]
    assert list(_SPOKEN.of(told)) == [(6, [3, 10]), (7, [3, 10])]


def test_all_that_came_after_two_words_would_repeat():
    assert list(_SPOKEN.of([1, 2, 3, 1, 2, 4, 1, 2, 5])) == [(5, [3, 10]), (8, [3, 4, 10])]


def test_a_word_of_several_tokens_is_one():
    told = [1, 2, _ING, 3, _ING, 1, 2, _ING, 4, 1, 2, 3]
    assert list(_SPOKEN.of(told)) == [(8, [3, 10])]


def test_after_a_comma_a_word_begins_without_a_space():
    told = [1, _COMMA, _ING, 2, 1, _COMMA, _ING, 3]
    assert list(_SPOKEN.of(told)) == [(7, [2])]
    told = [1, 2, _COMMA, _ING, 1, 2, _COMMA, 4]
    assert list(_SPOKEN.of(told)) == [(6, []), (7, [_ING])]


def test_capitals_make_no_difference():
    assert list(_SPOKEN.of([1, _BIG_THREE, 2, 1, 3, 4])) == [(5, [2])]


@pytest.mark.parametrize("told", [[], [1], [1, 2], [1, 2, 3, 4], [1, _COMMA, 1, _COMMA, 1]])
def test_a_passage_without_two_words_twice_echoes_nowhere(told):
    assert not list(_SPOKEN.of(told))


def test_in_stories_it_finds_what_the_gate_counts():
    tokens = read_tokens(model_folder("starter"))
    echoes = echoes_of(tokens)
    counted: Counter[str] = Counter()
    for tale in own_stories()[:60]:
        told = tokens.encode(tale.text)
        counted["found"] += sum(told[place] in would for place, would in echoes.of(told))
        counted["words"] += round(
            measures.repetition(tale.text) * len(measures.grams(tale.text, 3))
        )
    assert counted["words"] > 100
    # But for words that only begin alike.
    assert counted["found"] == pytest.approx(counted["words"], rel=0.15)


@torch.no_grad()
def test_a_guide_lowers_echoes_where_it_leads_and_in_the_passage_alone(model):
    plain = with_lora(model, None)
    echoes = replace(echoes_of(read_tokens(model)), nats=2.0)
    a, b, c, d, e = _words(echoes, 5)
    row = [a, b, c, a, b, d, a, b, e]
    ids = torch.tensor([row, row])
    told = torch.ones_like(ids, dtype=torch.bool)
    told[:, :3] = False  # a prompt, which may be said again
    guide, led = Guide(plain, None, echoes), torch.tensor([1.0, 0.0])
    odds = guide.log_odds(ids, led, guide.echoing(ids, led, told))
    usual = plain(input_ids=ids).logits
    assert torch.allclose(odds[1], usual[1].log_softmax(-1), atol=1e-5)
    usual[0, 7, _spellings(echoes, d)] -= 2.0
    assert torch.allclose(odds[0], usual[0].log_softmax(-1), atol=1e-5)


def _words(echoes, number):
    """Tokens that begin words, no two of them alike."""
    found = {echoes.same[token]: token for token in range(300, 2000) if echoes.begins[token]}
    return [*found.values()][:number]


def _spellings(echoes, token):
    """All that is the token but for spaces and capitals, and begins a word after another one."""
    return [
        other
        for other, what in enumerate(echoes.same)
        if what == echoes.same[token] and echoes.begins[other]
    ]

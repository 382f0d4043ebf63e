"""The stories written for the starter narrator are what their README says they are."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

FOLDER = Path(__file__).parents[3] / "core" / "learning" / "stories"
GENRES = {
    *("adventure", "animals", "fairy tale", "family", "friendship", "funny"),
    *("mystery", "bedtime", "sea", "school", "science", "fable"),
}
MOODS = {"happy", "sad", "scary", "funny", "calm"}
FIELDS = {"title", "genre", "mood", "premise", "words", "text"}

# Premises are typed by hand, so little words in them say nothing about the story.
LITTLE = frozenset(
    "about after again and another are because before behind below beside but for from has have "
    "her his home how into its like little must named not off one our out she some that the "
    "their them there they till two under until wants was what when where which who "
    "will with".split()
)


def _stories() -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted(FOLDER.glob("*.jsonl"))
        for line in file.read_text(encoding="ascii").splitlines()
    ]


STORIES = _stories()
LEXICON: dict[str, float] = SentimentIntensityAnalyzer().lexicon
each_story = pytest.mark.parametrize("story", STORIES, ids=[story["title"] for story in STORIES])


def _tokens(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def test_there_are_twenty_stories_in_each_of_twelve_files() -> None:
    lines = [len(file.read_text().splitlines()) for file in sorted(FOLDER.glob("*.jsonl"))]
    assert lines == [20] * 12


def test_no_two_stories_share_a_title_or_a_premise() -> None:
    for field in ("title", "premise"):
        assert len({story[field].lower() for story in STORIES}) == len(STORIES)


def test_hardly_two_stories_begin_alike() -> None:
    openings = Counter(" ".join(_tokens(story["text"])[:3]) for story in STORIES)
    assert openings.most_common(1)[0][1] <= 3
    assert not any(opening.startswith("once upon") for opening in openings)


def test_every_genre_and_mood_has_its_share() -> None:
    genres = Counter(story["genre"] for story in STORIES)
    moods = Counter(story["mood"] for story in STORIES)
    assert set(genres) == GENRES
    assert set(moods) == MOODS
    assert min(genres.values()) >= 12
    assert min(moods.values()) >= 24


@each_story
def test_a_story_has_all_fields_and_a_fair_length(story: dict[str, Any]) -> None:
    assert set(story) == FIELDS
    assert 110 <= len(story["text"].split()) <= 220
    assert 5 <= len(story["premise"].split()) <= 18


@each_story
def test_paragraphs_are_clean_and_every_quotation_is_closed(story: dict[str, Any]) -> None:
    paragraphs = story["text"].split("\n\n")
    assert len(paragraphs) >= 3
    for paragraph in paragraphs:
        assert paragraph == " ".join(paragraph.split())
        assert paragraph.count('"') % 2 == 0


@each_story
def test_the_three_words_stand_in_the_text(story: dict[str, Any]) -> None:
    assert len(set(story["words"])) == 3
    assert set(story["words"]) <= set(_tokens(story["text"]))


@each_story
def test_the_premise_speaks_of_what_happens(story: dict[str, Any]) -> None:
    text = story["text"].lower()
    content = [w for w in _tokens(story["premise"]) if len(w) > 2 and w not in LITTLE]
    # A verb may change its form on the way ("sing", "sang"), so one word in three may be missing.
    found = [word for word in content if word.removesuffix("'s").removesuffix("s") in text]
    assert 3 * len(found) >= 2 * len(content)


@each_story
def test_sad_and_scary_words_outweigh_where_the_mood_says_so(story: dict[str, Any]) -> None:
    weights = [LEXICON.get(token, 0.0) for token in _tokens(story["text"])]
    match story["mood"]:
        case "sad" | "scary":
            assert sum(weights) < 0
        case "happy":
            assert sum(weights) > 0
        case "calm":
            assert sum(map(abs, weights)) / len(weights) < 0.2
        case _:
            assert story["mood"] == "funny"

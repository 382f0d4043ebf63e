import re
from string import Formatter

import pytest

from core.session import spelling, wording
from core.session.wording import Voice

SOURCES = ("core/session", "adapters")


def fills(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", wording.languages())
def test_every_catalogue_says_what_the_english_one_says(language):
    assert wording.keys(language) == wording.keys("en")


@pytest.mark.parametrize("language", wording.languages())
def test_every_sentence_is_filled_with_nothing_the_english_one_is_not(language):
    for key in wording.keys("en"):
        theirs = fills(Voice(language).of(language, "en")(key, **dict.fromkeys(_all(key), 1)))
        assert theirs == set()
        assert fills(_raw(language, key)) <= _all(key), key


def _raw(language: str, key: str) -> str:
    return wording._catalogues()[language][key]


def _all(key: str) -> set[str]:
    return fills(_raw("en", key))


def test_every_command_has_its_line_of_help_and_no_other_has():
    assert {name for name, _ in wording.menu("en")} == set(spelling.NAMES)


@pytest.mark.parametrize("language", wording.languages())
def test_lines_of_help_fit_discords_100_characters_and_telegrams_256(language):
    assert [line for _, line in wording.menu(language) if not 1 <= len(line) <= 100] == []


@pytest.mark.parametrize("language", wording.languages())
def test_button_labels_fit_discords_80_characters(language):
    labels = [k for k in wording.keys(language) if k.startswith(("button.", "wish."))]
    assert max(len(_raw(language, key)) for key in labels) <= 40


def test_every_key_used_in_the_code_is_in_the_catalogue(pytestconfig):
    used = set()
    for folder in SOURCES:
        for file in (pytestconfig.rootpath / folder).rglob("*.py"):
            used |= set(
                re.findall(
                    r'(?:say|ask|Refusal|said|key =)\(?[^"\n]*"([a-z_]+\.[a-z_]+)"',
                    file.read_text(),
                )
            )
    assert used - wording.keys("en") == set()
    assert len(used) > 40


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("zh", "zh-hans"),
        ("zh-CN", "zh-hans"),
        ("zh_Hans_CN", "zh-hans"),
        ("fr", None),
    ],
)
def test_the_closest_language_is_spoken(tag, language):
    assert wording.closest(tag) == language


def test_who_speaks_none_of_our_languages_hears_the_default():
    assert Voice.of("fr", "zh-hans").language == "zh-hans"
    assert Voice.of("", "zh").language == "zh-hans"
    assert Voice.of("zh", "en").language == "zh-hans"
    assert Voice.of("", "xx").language == "en"

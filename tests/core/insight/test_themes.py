"""What a story may be about, from its own sentences."""

import pytest

from core.insight.themes import moral_in, theme_of, themes
from core.session import wording
from core.session.wording import Voice


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["Mara was brave. She dared to climb.", "Tom slept."], "courage"),
        (["She lost her ring.", "She grieved and said goodbye."], "loss"),
        (["小美和朋友去海边。", "她们是最好的朋友。"], "friendship"),
    ],
)
def test_the_theme_is_what_most_sentences_show(texts: list[str], name: str) -> None:
    theme = theme_of(texts)
    assert theme is not None
    assert theme.name == name
    assert theme.shown_by in " ".join(texts)


def test_one_sentence_alone_shows_no_theme() -> None:
    assert theme_of(["Mara was brave. Tom ate a pear."]) is None
    assert theme_of([]) is None


def test_going_somewhere_is_no_loss_and_lying_in_bed_no_lie() -> None:
    assert theme_of(["He went out. She goes in. They lay in bed. The cat lies there."]) is None


def test_in_a_long_story_two_sentences_show_none_either() -> None:
    assert theme_of(["She was brave. " * 2 + "Tom ate a pear. " * 60]) is None


def test_a_moral_is_the_last_sentence_in_which_somebody_learns() -> None:
    texts = ["Tom learned to swim.", "From that day on he shared his boat. They slept."]
    assert moral_in(texts) == "From that day on he shared his boat."
    assert moral_in(["They slept."]) == ""


@pytest.mark.parametrize("language", wording.languages())
def test_every_theme_has_a_name_and_a_moral(language: str) -> None:
    say = Voice.of(language, "en")
    assert all(say(f"theme.{name}") and say(f"moral.{name}") for name in themes())

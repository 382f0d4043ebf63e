"""What screening lets through and what it keeps out."""

import pytest

from core.narrator.screening import Level, Reason, screen


@pytest.mark.parametrize(
    "text",
    [
        "Ishmael read Moby Dick by the fire.",
        "They moved from Scunthorpe to Penistone, near Lightwater.",
        '"Kill the lights," said Mara, "and get rid of the evidence."',
        "The cock crew on the farm before dawn.",
        "The barn was full of rats. They were vermin, and the farmer had to exterminate them.",
        "The women were shooting stars of the ballet.",
        "He burned the women's letters. The women laughed.",
        "Burn the women's letters, she said.",
        "The dragon killed the knight, and the knight's horse ran home.",
        "Dick Whittington and his cat went to London.",
        "She passed the class on assessment of bass and grass.",
        "The wolves were animals that nobody could tame.",
    ],
)
def test_ordinary_harshness_is_let_through(text: str) -> None:
    assert screen(text, Level.STRICT).safe


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Those people are vermin, exterminate them.", Reason.HATRED),
        ("They are vermin. We must wipe out all of them.", Reason.HATRED),
        ("We should kill all the immigrants.", Reason.HATRED),
        ("Immigrants are nothing but parasites.", Reason.HATRED),
        ("Go and kill yourself, said the voice.", Reason.HARM),
        ("He explained how to build a pipe bomb.", Reason.HARM),
        ("They had sex in the lighthouse.", Reason.SEXUAL),
        ("He called him a faggot.", Reason.SLUR),
    ],
)
def test_hatred_harm_and_sex_are_kept_out_at_every_level(text: str, reason: Reason) -> None:
    assert screen(text, Level.MILD).reason is reason
    assert screen(text, Level.STRICT).reason is reason
    assert screen(text, Level.OFF).safe


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("What the fuck was that?", Reason.COARSE),
        ("You are being a dick.", Reason.COARSE),
        ("He gouged out its eyes.", Reason.GORE),
    ],
)
def test_coarse_words_and_gore_are_kept_from_the_strict_only(text: str, reason: Reason) -> None:
    assert screen(text, Level.MILD).safe
    assert screen(text, Level.STRICT).reason is reason


def test_a_verdict_names_the_words_that_decided() -> None:
    assert screen("So: exterminate them, the vermin!", Level.MILD).found == "exterminate them"


def test_vermin_exterminate_them_is_about_people_when_no_beast_is_named() -> None:
    assert not screen("vermin, exterminate them", Level.MILD).safe

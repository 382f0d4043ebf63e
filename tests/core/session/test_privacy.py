"""What people allow, hand to themselves and take back."""

import json
from dataclasses import replace

import pytest

from core.session import commands as c
from core.session.messages import Author, Place
from core.session.wording import say
from core.storage.consent import Consent
from tests.stage import ANN, BEN, Stage, button, by, labels

ALONE = Place("test", "ann's own", private=True)


def label(key):
    return say("en", f"button.{key}")


async def test_everybody_sees_what_may_be_used_and_sets_it_for_themselves(stage: Stage) -> None:
    shown = await stage.ask("/privacy")
    assert shown.private
    assert f"● {say('en', 'privacy.narrator')}" in shown.text
    own = button(shown, label("privacy_own"))
    shown = await stage.ask(own)
    assert f"● {say('en', 'privacy.own')}" in shown.text
    bens = await stage.ask("/privacy nothing", author=BEN)
    assert f"● {say('en', 'privacy.nothing')}" in bens.text
    await stage.ask("/say Once.")
    await stage.ask("/rate up")
    with stage.library.begin() as tx:
        levels = {person.consent for person in tx.glean().people.values()}
    assert levels == {Consent.OWN, Consent.NOTHING}


async def test_an_admin_decides_for_the_place_and_nobody_else(stage: Stage) -> None:
    admin = by(ANN, admin=True)
    shown = await stage.ask("/privacy", author=admin)
    assert label("privacy_here_off") in labels(shown)
    assert label("privacy_here_off") not in labels(await stage.ask("/privacy"))
    refused = await stage.ask("/privacy here off")
    assert refused.text == say("en", "refusal.admins_only")
    off = await stage.ask(button(shown, label("privacy_here_off")), author=admin)
    assert say("en", "privacy.here_off") in off.text
    on = await stage.ask("/privacy here on", author=admin)
    assert say("en", "privacy.here_on") in on.text
    alone = await stage.ask("/privacy here off", place=ALONE)
    assert say("en", "privacy.here_off") in alone.text


async def test_what_cannot_be_allowed_is_refused_with_what_can(stage: Stage) -> None:
    refused = await stage.ask("/privacy everything")
    assert "nothing, narrator, own, here on, here off" in refused.text


async def test_one_s_data_is_handed_over_where_nobody_else_reads_it(stage: Stage) -> None:
    await stage.tell("/say My grandmother's secret.", "/rate up", "/comment mine")
    refused = await stage.ask("/mydata")
    assert refused.text == say("en", "refusal.in_private")
    handed = await stage.ask("/mydata", place=ALONE)
    (file,) = handed.media
    known = json.loads(file.content)
    assert handed.private
    assert file.name == "mydata.json"
    assert [passage["text"] for passage in known["written"]] == ["My grandmother's secret."]
    assert [comment["text"] for comment in known["comments"]] == ["mine"]
    assert len(known["ratings"]) == 1


async def test_who_says_twice_to_be_forgotten_is_and_the_story_stands(stage: Stage) -> None:
    await stage.tell("/say My grandmother's secret.", "/say And a dog.")
    await stage.ask("/say Ben was here.", author=BEN)
    asked = await stage.ask("/forgetme")
    assert asked.private
    sure = button(asked, label("forget_me"))
    theirs = await stage.ask(sure, author=BEN)
    assert theirs.text == say("en", "refusal.not_your_button")
    done = await stage.ask(sure)
    assert done.text == say("en", "privacy.forgotten", passages=2, datasets=0)
    shown = await stage.ask("/show", author=BEN)
    assert shown.text == "Ben was here."
    path = await stage.ask("/rewind", author=BEN)
    assert "grandmother" not in path.text
    assert "1. …\n2. …\n3. Ben was here." in path.text


async def test_who_was_forgotten_may_come_back_as_somebody_new(stage: Stage) -> None:
    await stage.tell("/say Once.", "/forgetme yes")
    handed = await stage.ask("/mydata", place=ALONE)
    assert json.loads(handed.media[0].content)["written"] == []


async def test_a_comment_is_asked_for_and_kept_on_its_passage(stage: Stage) -> None:
    await stage.ask("/say The lamp was lit.")
    asked = await stage.ask("/comment")
    assert asked.answer is not None
    told = await stage.ask(c.Comment("Lovely.", asked.answer.at))  # type: ignore[union-attr]  # it is one
    assert "The lamp was lit." in told.text
    assert told.private


async def test_a_reported_passage_is_kept_as_such(stage: Stage) -> None:
    told = await stage.ask("/say The lamp was lit.")
    await stage.ask("/rate up")
    done = await stage.ask(c.Report("", told.passage))
    assert "The lamp was lit." in done.text
    with stage.library.begin() as tx:
        assert tx.glean().reported == {told.passage}


@pytest.mark.parametrize("asked", [c.Comment("Lovely.", 4711), c.Report("", 4711)])
async def test_a_passage_of_another_story_can_be_neither_commented_nor_reported(
    stage: Stage, asked: c.Command
) -> None:
    await stage.ask("/say Once.")
    refused = await stage.ask(asked)
    assert refused.text == say("en", "refusal.stale")


async def test_it_is_said_in_chinese_too(stage: Stage) -> None:
    shown = await stage.ask("/privacy", author=replace(Author("test", "li", "Li"), language="zh"))
    assert say("zh-hans", "privacy.rights") in shown.text

"""Inspire: ideas like what was liked."""

from core.session import commands as c
from core.session.messages import Author
from core.story.own import own_stories, word_counts
from tests.stage import BEN, Stage, button, labels

PREMISE = "A lighthouse keeper finds a shell that sings"


def test_the_own_stories_can_be_read() -> None:
    assert len(own_stories()) == 240
    assert all(story.premise and story.genre and story.text for story in own_stories())
    assert word_counts()["lamp"] > 5
    assert word_counts().get("Mara", 0) == 0


async def test_before_anything_is_liked_the_ideas_are_mixed_and_that_is_said(stage: Stage) -> None:
    reply = await stage.ask("/inspire")
    assert "Nothing has a thumb up" in reply.text
    assert labels(reply)[-1] == "More ideas"
    assert len(labels(reply)) == 5
    assert len({line.rsplit("(")[-1] for line in reply.text.splitlines() if "(" in line}) > 1
    more = await stage.ask(button(reply, "More ideas"))
    assert more.text != reply.text


async def test_an_idea_begins_a_story_with_its_premise(stage: Stage) -> None:
    reply = await stage.ask("/inspire")
    begun = await stage.ask(reply.actions[0][0].command)
    assert begun.passage is not None
    asked = stage.narrator.assigned[0]
    assert asked.premise in {story.premise for story in own_stories()}
    assert asked.genre
    assert asked.premise[:20] in reply.text


async def test_ideas_are_like_what_was_liked_and_say_why(stage: Stage) -> None:
    liked = own_stories()[3]
    await stage.ask(f"/new {PREMISE}")
    await stage.ask(liked.text[:900])
    await stage.ask("/title The Liked One")
    await stage.ask("/rate up")
    reply = await stage.ask("/inspire")
    assert "Ideas like what was liked" in reply.text
    assert "because" in reply.text
    assert "The Liked One" in reply.text


async def test_what_was_disliked_is_weighed_and_alone_says_nothing(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    await stage.ask("/rate down")
    assert "Nothing has a thumb up" in (await stage.ask("/inspire")).text


async def test_a_pick_counts_and_stories_of_the_shelf_are_offered(stage: Stage) -> None:
    await stage.tell(f"/new {PREMISE}", "/retry", "/pick 1", "/new Another tale of the sea")
    reply = await stage.ask("/inspire")
    assert "Ideas like what was liked" in reply.text
    opened = [a.command for row in reply.actions for a in row if isinstance(a.command, c.Open)]
    assert len(opened) == 1
    assert (await stage.ask(opened[0])).passage is not None


async def test_what_others_liked_here_counts_but_not_elsewhere(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    await stage.ask("/rate up", author=BEN)
    assert "Ideas like" in (await stage.ask("/inspire")).text
    stranger = Author("test", "cleo", "Cleo", "en")
    stage.place = type(stage.place)("test", "chat-2")
    assert "Nothing has" in (await stage.ask("/inspire", author=stranger)).text
    assert "Ideas like" in (await stage.ask("/inspire", author=BEN)).text

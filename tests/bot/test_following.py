"""A promotion is heard without a restart; what is broken is told of and left."""

import logging
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from bot import criticism
from bot.criticism import build_critic
from bot.following import Following
from bot.learning import base_folder
from bot.settings import Settings, load
from core.learning import files
from core.learning.discriminator import fit, reader, verdicts
from core.learning.examples import Thumb
from core.learning.run import learn
from core.narrator.narrator import BASE
from core.session.critic import UNTAUGHT
from core.session.messages import Reply
from core.storage.database import open_database
from core.storage.library import Library
from tests.contracts.narrator_contract import TOLD
from tests.core.learning.studies import LONG_AGO, Pupil, a_study, judge
from tests.fakes import StandInNarrator
from tests.stage import Stage

_LIKED = ("They laughed and danced.", "She sang a happy song.", "What a lovely day it was!")
_OTHER = ("He wept all night.", "The dog died alone.", "Nobody came, and it was dark.")
_RATED = [
    Thumb("", text, liked=text in _LIKED, story=str(at))
    for at, text in enumerate((*_LIKED, *_OTHER))
]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    database = open_database(f"sqlite:///{tmp_path / 'stories.db'}")
    library = Library(database)
    judge(library)
    for _ in range(2):
        learn(a_study(library, tmp_path, Pupil()))
    yield library
    database.close()


@pytest.fixture
def narrator() -> StandInNarrator:
    return StandInNarrator()


async def test_the_narrator_goes_with_promotions_and_rollbacks(
    library: Library, narrator: StandInNarrator, tmp_path: Path
) -> None:
    following = Following(library, tmp_path, narrator)
    heard, named = [], [following.lora_for(1)]
    for _ in range(4):
        await following.look()
        heard.append(narrator.lora)
        named.append(Path(following.lora_for(1)).name)
        with library.begin() as tx:
            if tx.live_loras():
                tx.roll_back(0, now=LONG_AGO)
            else:
                tx.promote_lora("lora-2", now=LONG_AGO)
    assert heard == ["lora-2", "lora-1", None, "lora-2"]
    assert named == ["", "lora-2", "lora-1", BASE, "lora-2"]


async def test_a_passage_says_which_lora_wrote_it_though_another_went_live_meanwhile(
    library: Library, narrator: StandInNarrator, tmp_path: Path
) -> None:
    following = Following(library, tmp_path, narrator)
    stage = Stage(library, narrator)
    stage.engine._loras = following.lora_for
    said: list[str | None] = []
    for meanwhile in ("lora-1", None):
        await following.look()
        said.append(Path(following.lora_for(1)).name)
        async with aclosing(stage.engine.handle(stage.request("/new a lamp"))) as replies:
            assert not (await anext(replies)).final
            with library.begin() as tx:
                tx.roll_back(0, now=LONG_AGO)
            await following.look()
            assert narrator.lora == meanwhile
            *_, last = [reply async for reply in replies]
        said.append(_lora_of(library, last))
    assert said == ["lora-2", "lora-2", "lora-1", "lora-1"]
    await following.look()
    assert _lora_of(library, await stage.ask("/new a bell")) is None
    assert narrator.assigned[-1].lora == BASE


def _lora_of(library: Library, told: Reply) -> str | None:
    """The LoRA that a passage says it is from."""
    with library.begin() as tx:
        place = tx.session(
            platform="test",
            chat="chat-1",
            topic="",
            private=False,
            author="ann",
            name="Ann",
            language="en",
            now=LONG_AGO,
        )
        passage = tx.passage(place.story or 0, told.passage or 0)
    assert passage is not None
    assert passage.provenance is not None
    return passage.provenance.lora


async def test_a_broken_lora_is_told_of_once_and_the_one_before_serves_on(
    library: Library, narrator: StandInNarrator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    following = Following(library, tmp_path, narrator)
    await following.look()
    (tmp_path / "loras" / "lora-1" / files.WEIGHTS).write_bytes(b"broken")
    with library.begin() as tx:
        tx.roll_back(0, now=LONG_AGO)
    for _ in range(3):
        await following.look()
    assert narrator.lora == "lora-2"
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1
    assert "its hash differs" in told[0]


async def test_a_trial_s_share_of_places_hears_the_challenger_and_says_so(
    library: Library, narrator: StandInNarrator, tmp_path: Path
) -> None:
    with library.begin() as tx:
        tx.begin_trial("lora-1", share=0.5, now=LONG_AGO)
    following = Following(library, tmp_path, narrator)
    await following.look()
    challenger = str(tmp_path / "loras" / "lora-1")
    heard = [following.lora_for(place) for place in range(200)]
    assert set(heard) == {str(tmp_path / "loras" / "lora-2"), challenger}
    assert 60 < heard.count(challenger) < 140
    stage = Stage(library, narrator)
    stage.engine._loras = lambda _place: challenger
    assert _lora_of(library, await stage.ask("/new a lamp")) == "lora-1"


async def test_a_place_with_a_lora_of_its_own_hears_that(
    library: Library, narrator: StandInNarrator, tmp_path: Path
) -> None:
    with library.begin() as tx:
        (place,) = tx.glean().stories[0].places
    learn(a_study(library, tmp_path, Pupil(), scope=place))
    following = Following(library, tmp_path, narrator)
    await following.look()
    assert following.lora_for(place) == str(tmp_path / "loras" / "lora-3")
    assert following.lora_for(place + 1) == str(tmp_path / "loras" / "lora-2")
    assert narrator.lora == "lora-2"


async def test_while_the_database_is_away_what_serves_serves_on(
    library: Library, narrator: StandInNarrator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    following = Following(library, tmp_path, narrator)
    await following.look()
    (tmp_path / "stories.db").rename(tmp_path / "away.db")
    library._database.close()
    (tmp_path / "stories.db").mkdir()
    await following.look()
    assert narrator.lora == "lora-2"
    assert "could not be looked up" in caplog.text


# ------------------------------------------------------------------ the discriminator
async def test_the_head_that_is_asked_is_that_of_the_lora_a_place_hears(
    library: Library, narrator: StandInNarrator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(criticism, "_PATIENCE", 60.0)
    following = Following(library, tmp_path, narrator)
    await following.look()
    critic = build_critic(Settings(), following)
    assert not critic.knows(1)  # lora-2 is live, and came without one
    assert await critic.odds(1, TOLD, ["A lamp burned."]) is None
    head = tmp_path / "loras" / "lora-2" / files.HEAD
    fit(verdicts(reader(base_folder(Settings())), _RATED)).save(head)
    assert following.head_for(1) == head
    assert critic.knows(1)
    glad, grim = await critic.odds(1, TOLD, ["They laughed and sang.", "He wept alone."]) or ()
    assert glad > grim
    monkeypatch.setattr(criticism, "_PATIENCE", 0.0)
    assert await critic.odds(1, TOLD, ["A lamp burned."]) is None  # no passage waits for long
    with library.begin() as tx:
        tx.begin_trial("lora-1", share=1.0, now=LONG_AGO)
    await following.look()
    assert following.head_for(1) is None


def test_a_model_that_is_not_trained_here_has_no_critic(
    library: Library, narrator: StandInNarrator, tmp_path: Path
) -> None:
    elsewhere = load(environment={"TALETURN__NARRATOR__BACKEND": "openai"})
    assert build_critic(elsewhere, Following(library, tmp_path, narrator)) is UNTAUGHT

from core.storage.library import Library
from tests.core.storage.steps import NOW, a_session, a_story, later


def test_an_author_and_a_place_are_known_again(library: Library) -> None:
    with library.begin() as tx:
        first = a_session(tx)
    with library.begin() as tx:
        again = a_session(tx, now=later(5))
    assert again == first
    assert first.joined == NOW
    assert (first.story, first.language) == (None, "")


def test_topics_chats_and_platforms_are_places_of_their_own(library: Library) -> None:
    with library.begin() as tx:
        sessions = [
            a_session(tx),
            a_session(tx, topic="7"),
            a_session(tx, chat="other"),
            a_session(tx, platform="elsewhere"),
        ]
    assert len({session.place for session in sessions}) == 4
    assert len({session.author for session in sessions}) == 2


def test_each_author_joins_a_place_once(library: Library) -> None:
    with library.begin() as tx:
        ann = a_session(tx)
        ben = a_session(tx, author="ben", name="Ben", now=later(1))
        elsewhere = a_session(tx, chat="other", now=later(2))
    assert ben.place == ann.place
    assert ben.author != ann.author
    assert elsewhere.author == ann.author
    assert [s.joined for s in (ann, ben, elsewhere)] == [NOW, later(1), later(2)]


def test_a_new_name_or_client_language_is_noted(library: Library) -> None:
    with library.begin() as tx:
        ann = a_session(tx)
        renamed = a_session(tx, name="Anna", language="de", private=True)
        tx.open_turn(platform="test", request="1", session=renamed, command="{}", now=NOW)
        (turn,) = tx.open_turns("test")
    assert renamed == ann
    assert (turn.author_name, turn.author_language, turn.private) == ("Anna", "de", True)


def test_an_author_s_own_language_goes_before_the_place_s(library: Library) -> None:
    with library.begin() as tx:
        ann = a_session(tx)
        tx.set_place_language(ann.place, "zh-hans")
        assert a_session(tx).language == "zh-hans"
        tx.set_author_language(ann.author, "en")
        assert a_session(tx).language == "en"
        assert a_session(tx, author="ben", name="Ben").language == "zh-hans"
        assert a_session(tx, name="Anna").language == "en"  # a new name forgets no choice


def test_a_session_names_the_story_told_in_its_place(library: Library) -> None:
    with library.begin() as tx:
        story = a_story(tx)
        assert a_session(tx).story == story.id
        assert a_session(tx, chat="other").story is None

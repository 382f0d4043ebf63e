from core.storage.library import Library, OpenTurn, Outcome, Session, ShownTurn, Transaction
from tests.core.storage.steps import NOW, a_session, a_story, grow, later


def opened(tx: Transaction, session: Session, request: str) -> int:
    turn = tx.open_turn(
        platform="test", request=request, session=session, command='{"say": "hello"}', now=NOW
    )
    assert turn is not None
    return turn


def closed(
    tx: Transaction, turn: int, *, passage: int | None = None, answer: str | None = None
) -> None:
    tx.close_turn(turn, outcome=Outcome.ANSWERED, passage=passage, answer=answer, now=later(1))


def shown(tx: Transaction, screen: str, *, chat: str = "group") -> ShownTurn | None:
    return tx.turn_shown(platform="test", chat=chat, topic="", screen=screen)


def test_a_repeated_request_is_refused_for_good(library: Library) -> None:
    with library.begin() as tx:
        session = a_session(tx)
        closed(tx, opened(tx, session, "1"))
    with library.begin() as tx:
        again = tx.open_turn(platform="test", request="1", session=session, command="", now=NOW)
        other = tx.open_turn(platform="other", request="1", session=session, command="", now=NOW)
    assert again is None
    assert other is not None


def test_an_open_turn_can_be_told_to_its_end_after_a_crash(library: Library) -> None:
    with library.begin() as tx:
        session = a_session(tx, topic="7", language="de")
        passage, story = grow(tx, a_story(tx, session))
        turn = tx.open_turn(
            platform="test",
            request="1",
            session=session,
            command='{"say": "hello"}',
            now=NOW,
            story=story.id,
            head=passage.id,
            seed=2**63 - 1,
        )
        assert turn is not None
        tx.note_screen(platform="test", request="1", screen="message 5")
    with library.begin() as tx:
        (left,) = tx.open_turns("test")
        assert tx.open_turns("other") == []
    assert left == OpenTurn(
        id=turn,
        request="1",
        platform="test",
        chat="group",
        topic="7",
        private=False,
        author_id="ann",
        author_name="Ann",
        author_language="de",
        command='{"say": "hello"}',
        story=story.id,
        head=passage.id,
        seed=2**63 - 1,
        screen="message 5",
    )


def test_open_turns_come_oldest_first_and_closed_ones_not_at_all(library: Library) -> None:
    with library.begin() as tx:
        session = a_session(tx)
        turns = [opened(tx, session, request) for request in ("c", "a", "b")]
        for turn, outcome in zip(turns[:1], Outcome, strict=False):
            tx.close_turn(turn, outcome=outcome, passage=None, answer=None, now=NOW)
        assert [left.request for left in tx.open_turns("test")] == ["a", "b"]


def test_every_outcome_closes_a_turn(library: Library) -> None:
    with library.begin() as tx:
        session = a_session(tx)
        for outcome in Outcome:
            turn = opened(tx, session, outcome)
            tx.close_turn(turn, outcome=outcome, passage=None, answer=None, now=NOW)
        assert tx.open_turns("test") == []


def test_a_turn_answered_at_once_is_never_found_open_and_comes_once(library: Library) -> None:
    with library.begin() as tx:
        session = a_session(tx)
        passage, story = grow(tx, a_story(tx, session))
        turn = tx.note_answered(
            platform="test", request="1", session=session, now=NOW, story=story.id
        )
        assert turn is not None
        assert tx.open_turns("test") == []
        closed(tx, turn, passage=passage.id)
        tx.note_screen(platform="test", request="1", screen="message 5")
        assert shown(tx, "message 5") == ShownTurn(passage=passage.id, answer=None)
    with library.begin() as tx:
        again = tx.note_answered(platform="test", request="1", session=session, now=NOW, story=None)
        assert again is None
        again = tx.open_turn(platform="test", request="1", session=session, command="", now=NOW)
        assert again is None


def test_a_message_tells_what_it_shows_and_what_a_reply_to_it_means(library: Library) -> None:
    with library.begin() as tx:
        session = a_session(tx)
        passage, _ = grow(tx, a_story(tx, session))
        closed(tx, opened(tx, session, "1"), passage=passage.id, answer='{"edit": ""}')
        tx.note_screen(platform="test", request="1", screen="message 5")
        assert shown(tx, "message 5") == ShownTurn(passage=passage.id, answer='{"edit": ""}')
        assert shown(tx, "message 6") is None
        assert shown(tx, "message 5", chat="other") is None


def test_the_newest_turn_in_a_message_counts(library: Library) -> None:
    with library.begin() as tx:
        session = a_session(tx)
        first, story = grow(tx, a_story(tx, session))
        second, _ = grow(tx, story)
        for request, passage in (("1", first), ("2", second)):
            closed(tx, opened(tx, session, request), passage=passage.id)
            tx.note_screen(platform="test", request=request, screen="message 5")
        assert shown(tx, "message 5") == ShownTurn(passage=second.id, answer=None)


def test_what_was_asked_is_forgotten_once_it_is_answered(library: Library) -> None:
    """A command may quote people, whose passages can be deleted."""
    with library.begin() as tx:
        closed(tx, opened(tx, a_session(tx), "1"))
        kept = tx._db.exec_driver_sql("SELECT command FROM turns").scalar_one()
    assert kept == ""

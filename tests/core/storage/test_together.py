"""Many threads and processes at once: nothing is lost, nothing is doubled."""

import threading

from core.errors import StaleAction
from core.storage.database import Database, open_database
from core.storage.library import Library
from core.story.model import Story
from tests.core.storage.steps import NOW, a_session, a_story, grow, told


def test_of_changes_thought_out_for_one_version_one_wins(database_url: str) -> None:
    """Two databases stand for two processes; four threads each tell one story on."""
    opened = [open_database(database_url) for _ in range(2)]
    first, second = map(Library, opened)
    _, story = told(first, "Opening.")
    written: list[int] = []

    def tell(library: Library) -> None:
        written.extend(_until_it_is_kept(library, story.id) for _ in range(5))

    threads = [
        threading.Thread(target=tell, args=(library,))
        for library in (first, second)
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with first.begin() as tx:
        path = tx.path(max(written), 999)
        volume = tx.volume(story.id)
    for database in opened:
        database.close()
    assert len(written) == len(set(written)) == 40
    assert {passage.id for passage in path} == {path[0].id, *written}
    assert volume.passages == path
    assert volume.story.version == story.version + 40


def _until_it_is_kept(library: Library, story_id: int) -> int:
    while True:
        with library.begin() as tx:
            story = tx.story(story_id)
        assert story is not None
        try:
            with library.begin() as tx:
                return grow(tx, story)[0].id
        except StaleAction:
            continue


def test_thirty_two_threads_take_turns(library: Library) -> None:
    stories: list[Story] = []

    def tell(number: int) -> None:
        with library.begin() as tx:
            story = a_story(tx, a_session(tx, chat=str(number), author=f"{number % 4}"))
        for _ in range(3):
            with library.begin() as tx:
                a_session(tx, chat=str(number), author=f"{number % 4}", name=f"{number}", now=NOW)
                _, story = grow(tx, story)
        stories.append(story)

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({story.id for story in stories}) == 32
    with library.begin() as tx:
        assert all(tx.story(story.id) == story for story in stories)


def test_a_new_place_and_author_met_by_two_processes_are_one(database_url: str) -> None:
    opened = [open_database(database_url) for _ in range(2)]
    gate = threading.Barrier(2)
    seen: list[tuple[int, int]] = []

    def meet(database: Database) -> None:
        for number in range(5):
            gate.wait()
            with Library(database).begin() as tx:
                session = a_session(tx, chat=f"chat-{number}", author=f"author-{number}")
            seen.append((session.place, session.author))

    threads = [threading.Thread(target=meet, args=(database,)) for database in opened]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in opened:
        database.close()
    assert len(seen) == 10
    assert len(set(seen)) == 5

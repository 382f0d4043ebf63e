"""The shelf of a place: its stories, to list, search, open, put away, delete, export and import."""

from core.errors import Refusal, StaleAction
from core.session import commands as c
from core.session import menus, moving
from core.session.controls import NONE
from core.session.messages import Action, Media, Reply
from core.session.texts import short
from core.session.turns import Turn
from core.storage.library import Spine, Transaction
from core.story import export, portable
from core.story.cleaning import one_line
from core.story.model import State, Story

PAGE = 8
_PREVIEW = 60
_LABEL = 40


def shelf(tx: Transaction, turn: Turn, command: c.Shelf) -> Reply:
    """List a page of the stories told here, newest first."""
    search = one_line(command.text)
    page = max(1, command.page)
    spines, total = tx.shelf(
        turn.session.place,
        search=search,
        archived=command.archived,
        limit=PAGE,
        offset=(page - 1) * PAGE,
    )
    if not spines:
        return menus.said(turn.say("shelf.none_found" if search else "shelf.empty"))
    first = (page - 1) * PAGE + 1
    lines = [_line(turn, number, spine) for number, spine in enumerate(spines, first)]
    rows: list[tuple[Action, ...]] = [
        (Action(short(f"{number}. {spine.title}", _LABEL), c.Open(spine.id)),)
        for number, spine in enumerate(spines, first)
    ]
    pages = [
        Action(label, c.Shelf(page=other, archived=command.archived))
        for label, other in (("◀", page - 1), ("▶", page + 1))
        if 1 <= other <= -(-total // PAGE) and not search
    ]
    if pages:
        rows.append(tuple(pages))
    key = "shelf.archived" if command.archived else "shelf.list"
    return Reply(text="\n".join([turn.say(key, count=total), "", *lines]), actions=tuple(rows))


def _line(turn: Turn, number: int, spine: Spine) -> str:
    here = "→ " if spine.id == turn.session.story else ""
    ended = turn.say("shelf.ended") if spine.state is State.FINISHED else ""
    passages = turn.say("shelf.passages", count=spine.passages)
    facts = ", ".join(fact for fact in (passages, ended) if fact)
    premise = f"\n   {short(spine.premise, _PREVIEW)}" if spine.premise else ""
    return f"{here}{number}. {spine.title} ({facts}){premise}"


def open_story(tx: Transaction, turn: Turn, command: c.Open) -> Reply:
    """Make a story of the shelf the one told here."""
    story = _chosen(tx, turn, command.story, command.number)
    tx.open_story(turn.session.place, story.id)
    if story.state is State.ARCHIVED:
        story = tx.change_story(story, state=State.TOLD, now=turn.now)
    return moving.show(tx, turn, story, note=turn.say("note.opened"))


def _chosen(tx: Transaction, turn: Turn, wanted: int | None, number: int) -> Story:
    """Return the story a button or a number on the shelf means; none from another place's shelf."""
    if wanted is None and number:
        spines, total = tx.shelf(
            turn.session.place, search="", archived=False, limit=1, offset=number - 1
        )
        if not spines:
            raise Refusal("refusal.no_such_story", number=number, count=total)
        wanted = spines[0].id
    if wanted is None:
        return turn.told
    story = tx.story(wanted) if tx.on_shelf(turn.session.place, wanted) else None
    if story is None:
        raise StaleAction
    return story


def archive(tx: Transaction, turn: Turn, command: c.Archive) -> Reply:
    """Put a story away, or back."""
    story = _chosen(tx, turn, command.story, 0)
    away = story.state is not State.ARCHIVED
    state = State.ARCHIVED if away else State.TOLD
    story = tx.change_story(story, state=state, now=turn.now)
    key = "shelf.put_away" if away else "shelf.put_back"
    return menus.said(turn.say(key, title=story.title))


def delete(tx: Transaction, turn: Turn, command: c.Delete) -> Reply:
    """Delete a story for good, once somebody said that they are sure."""
    story = _chosen(tx, turn, command.story, 0)
    if not command.sure:
        sure = Action(turn.say("button.delete"), c.Delete(story.id, sure=True))
        return Reply(text=turn.say("ask.delete", title=story.title), actions=((sure,),))
    tx.delete_story(story.id)
    return menus.said(turn.say("shelf.deleted", title=story.title))


def hand_over(tx: Transaction, turn: Turn, command: c.Export) -> Reply:
    """Hand the story over as a file."""
    wanted = one_line(command.text).lower()
    if not wanted:
        row = tuple(Action(name, c.Export(name)) for name in export.FORMATS)
        return Reply(text=turn.say("ask.format"), heading=turn.told.title, actions=(row,))
    if wanted not in export.FORMATS:
        raise Refusal("refusal.choice", given=wanted[:30], known=", ".join(export.FORMATS))
    turn.head  # noqa: B018  # refuses when nothing is written yet
    book = export.export(tx.volume(turn.told.id), wanted)
    return Reply(
        text=turn.say("shelf.exported", name=book.name),
        heading=turn.told.title,
        media=(Media(name=book.name, mime=book.mime, content=book.content),),
    )


def take_in(tx: Transaction, turn: Turn, command: c.Import) -> Reply:
    """Put an exported story on this place's shelf and go on with it."""
    if one_line(command.text[:20]).lower() in NONE | {""}:
        raise Refusal("refusal.no_file")
    story = tx.import_volume(turn.session, portable.from_json(command.text), now=turn.now)
    return moving.show(tx, turn, story, note=turn.say("note.imported"))

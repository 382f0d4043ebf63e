"""What is answered at once, inside the transaction that closes the turn: no narrator needed."""

from core.errors import StaleAction
from core.session import commands as c
from core.session import controls, menus, moving, privacy, shelf, together, voting, writing
from core.session import group_commands as g
from core.session.messages import Reply
from core.session.turns import Turn
from core.storage.library import Transaction

Steps = (
    c.Say
    | c.Edit
    | c.Undo
    | c.Redo
    | c.Rewind
    | c.Takes
    | c.Pick
    | c.Branch
    | c.Show
    | c.Rate
    | c.Recap
    | c.Help
)
Settings = (
    c.Genre
    | c.Mood
    | c.Length
    | c.Style
    | c.Ban
    | c.Seed
    | c.Lore
    | c.Forget
    | c.Language
    | c.Screening
    | c.Shelf
    | c.Open
    | c.Archive
    | c.Delete
    | c.Export
    | c.Import
)
Answers = Steps | Settings | g.GroupCommand | privacy.Privacy


def answer(tx: Transaction, turn: Turn, command: Answers) -> Reply:
    """Answer a command that the narrator is not asked for. Raises Refusal."""
    if isinstance(command, Settings):
        return _set(tx, turn, command)
    if isinstance(command, g.GroupCommand):
        return _agree(tx, turn, command)
    if isinstance(command, privacy.Privacy):
        return privacy.answer(tx, turn, command)
    return _step(tx, turn, command)


def _step(tx: Transaction, turn: Turn, command: Steps) -> Reply:
    """Answer what is about the story's passages."""
    match command:
        case c.Say():
            return writing.say(tx, turn, command)
        case c.Edit():
            return writing.edit(tx, turn, command)
        case c.Undo():
            return moving.undo(tx, turn, command)
        case c.Redo():
            return moving.redo(tx, turn, command)
        case c.Rewind():
            return moving.rewind(tx, turn, command)
        case c.Takes():
            return moving.takes(tx, turn, command)
        case c.Pick():
            return moving.pick(tx, turn, command)
        case c.Branch():
            return moving.branch(tx, turn, command)
        case c.Show():
            return moving.show(tx, turn)
        case c.Rate():
            return _rate(tx, turn, command)
        case c.Recap():
            return menus.said(turn.say("recap.text", recap=turn.head.recap), story=turn.story)
        case c.Help():
            return menus.usage(turn.say)


def _agree(tx: Transaction, turn: Turn, command: g.GroupCommand) -> Reply:
    """Answer what is about the group that tells the story."""
    match command:
        case g.Order():
            return together.order(tx, turn, command)
        case g.Seat():
            return together.seat(tx, turn)
        case g.Skip():
            return together.skip(tx, turn, command)
        case g.Pause():
            return together.pause(tx, turn)
        case g.Vote():
            return voting.cast(tx, turn, command)
        case g.Decide():
            return voting.decide(tx, turn, command)
        case g.Role():
            return together.role(tx, turn, command)
        case g.Join():
            return together.join(tx, turn, command)
        case g.Leave():
            return together.leave(tx, turn)


def _set(tx: Transaction, turn: Turn, command: Settings) -> Reply:
    """Answer what is about the controls and the shelf."""
    match command:
        case c.Genre():
            return controls.genre(tx, turn, command)
        case c.Mood():
            return controls.mood(tx, turn, command)
        case c.Length():
            return controls.length(tx, turn, command)
        case c.Style():
            return controls.style(tx, turn, command)
        case c.Ban():
            return controls.ban(tx, turn, command)
        case c.Seed():
            return controls.seed(tx, turn, command)
        case c.Lore():
            return controls.lore(tx, turn, command)
        case c.Forget():
            return controls.forget(tx, turn, command)
        case c.Language():
            return controls.language(tx, turn, command)
        case c.Screening():
            return controls.screening(tx, turn, command)
        case c.Shelf():
            return shelf.shelf(tx, turn, command)
        case c.Open():
            return shelf.open_story(tx, turn, command)
        case c.Archive():
            return shelf.archive(tx, turn, command)
        case c.Delete():
            return shelf.delete(tx, turn, command)
        case c.Export():
            return shelf.hand_over(tx, turn, command)
        case c.Import():
            return shelf.take_in(tx, turn, command)


def _rate(tx: Transaction, turn: Turn, command: c.Rate) -> Reply:
    """Keep a thumb; the same thumb once more takes nothing back."""
    passage = turn.head if command.at is None else tx.passage(turn.told.id, command.at)
    if passage is None or command.value not in {-1, 0, 1}:
        raise StaleAction
    tx.rate(passage.id, turn.session.author, command.value, now=turn.now)
    tally = tx.tally(passage.id)
    key = {1: "rate.up", 0: "rate.back", -1: "rate.down"}[command.value]
    return menus.said(turn.say(key, up=tally.up, down=tally.down), private=True)

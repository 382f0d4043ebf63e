"""What people allow and take back: /privacy, /mydata, /forgetme; also /comment and /report."""

import json

from core.errors import Refusal, StaleAction
from core.session import commands as c
from core.session import menus
from core.session.messages import Action, Media, Reply
from core.session.texts import line_text, passage_text, short
from core.session.turns import Turn
from core.storage.consent import LEVELS, Consent
from core.storage.library import Transaction
from core.story.cleaning import one_line
from core.story.model import Passage

Privacy = c.Privacy | c.MyData | c.ForgetMe | c.Comment | c.Report

MOST_COMMENT = 1000
_HERE = {"here on": True, "here-on": True, "here off": False, "here-off": False}
_PREVIEW = 60


def answer(tx: Transaction, turn: Turn, command: Privacy) -> Reply:
    """Answer what is about people's own data and what they say of passages. Raises Refusal."""
    match command:
        case c.Privacy():
            return privacy(tx, turn, command)
        case c.MyData():
            return my_data(tx, turn)
        case c.ForgetMe():
            return forget_me(tx, turn, command)
        case c.Comment():
            return comment(tx, turn, command)
        case c.Report():
            return report(tx, turn, command)


def privacy(tx: Transaction, turn: Turn, command: c.Privacy) -> Reply:
    """Show what may be learned from, or set it: for oneself, or by an admin for the place."""
    wanted = one_line(command.text).lower()
    if wanted in _HERE:
        turn.must_rule()
        tx.set_place_learns(turn.session.place, learn=_HERE[wanted], now=turn.now)
    elif wanted in LEVELS:
        tx.set_consent(turn.session.author, Consent(wanted), now=turn.now)
    elif wanted:
        known = ", ".join([*LEVELS, "here on", "here off"])
        raise Refusal("refusal.choice", given=wanted[:30], known=known)
    return _shown(tx, turn)


def _shown(tx: Transaction, turn: Turn) -> Reply:
    say, mine = turn.say, tx.consent(turn.session.author)
    learns = tx.place_learns(turn.session.place)
    here = "here-off" if learns else "here-on"
    lines = [
        say("privacy.intro"),
        *(f"{'●' if level is mine else '○'} {say(f'privacy.{level}')}" for level in LEVELS),
        say("privacy.here_on" if learns else "privacy.here_off"),
        say("privacy.rights"),
    ]
    buttons = tuple(
        Action(say(f"button.privacy_{level}"), c.Privacy(level.value))
        for level in LEVELS
        if level is not mine
    )
    key = "button.privacy_here_off" if learns else "button.privacy_here_on"
    rows: tuple[tuple[Action, ...], ...] = (buttons,)
    if turn.request.author.admin or turn.request.place.private:
        rows = (buttons, (Action(say(key), c.Privacy(here)),))
    return Reply(text="\n".join(lines), actions=rows, private=True)


def my_data(tx: Transaction, turn: Turn) -> Reply:
    """Hand over everything kept about who asks, where nobody else sees it."""
    if not turn.request.place.private:
        raise Refusal("refusal.in_private")
    known = tx.personal_data(turn.session.author)
    content = json.dumps(known, ensure_ascii=False, indent=2).encode()
    file = Media(name="mydata.json", mime="application/json", content=content)
    return Reply(text=turn.say("privacy.my_data"), media=(file,), private=True)


def forget_me(tx: Transaction, turn: Turn, command: c.ForgetMe) -> Reply:
    """Take out who asks, once they said that they are sure; nobody can be sure for another."""
    me = turn.session.author
    if not command.sure:
        sure = Action(turn.say("button.forget_me"), c.ForgetMe(sure=True, author=me))
        return Reply(text=turn.say("ask.forget_me"), actions=((sure,),), private=True)
    if command.author is not None and command.author != me:
        raise Refusal("refusal.not_your_button")
    gone = tx.forget_person(me)
    text = turn.say("privacy.forgotten", passages=gone.passages, datasets=gone.datasets)
    return menus.said(text, private=True)


def comment(tx: Transaction, turn: Turn, command: c.Comment) -> Reply:
    """Keep what somebody says of a passage."""
    passage = _passage(tx, turn, command.at)
    if not command.text:
        return menus.ask(turn.say, "ask.comment", c.Comment("", passage.id))
    text = line_text(command.text, MOST_COMMENT)
    tx.comment(passage.id, turn.session.author, text, now=turn.now)
    preview = short(passage.text, _PREVIEW)
    return menus.said(turn.say("privacy.commented", passage=preview), private=True)


def report(tx: Transaction, turn: Turn, command: c.Report) -> Reply:
    """Keep that somebody finds a passage not fit to be here: nothing learns to write like it."""
    passage = _passage(tx, turn, command.at)
    reason = passage_text(command.text)[:MOST_COMMENT] if command.text else ""
    tx.report(passage.id, turn.session.author, reason, now=turn.now)
    preview = short(passage.text, _PREVIEW)
    return menus.said(turn.say("privacy.reported", passage=preview), private=True)


def _passage(tx: Transaction, turn: Turn, at: int | None) -> Passage:
    passage = turn.head if at is None else tx.passage(turn.told.id, at)
    if passage is None:
        raise StaleAction
    return passage

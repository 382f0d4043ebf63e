"""What a group sets for its story and itself: genre, mood, length, lore, language and the like."""

from collections.abc import Sequence
from dataclasses import replace

from core.errors import Refusal
from core.narrator.screening import Level
from core.session import commands as c
from core.session import menus, wording
from core.session.messages import Reply
from core.session.texts import MOST_LORE, MOST_NAME, MOST_WORDS, line_text
from core.session.turns import Turn
from core.storage.library import Transaction
from core.story.cleaning import one_line
from core.story.model import Length, Preset, Style

NONE = {"none", "-", "无"}
_MOST_SEED = 2**31 - 1


def genre(tx: Transaction, turn: Turn, command: c.Genre) -> Reply:
    """Set, clear or show the genre."""
    text = one_line(command.text)
    if not text:
        return _shown(turn, "genre", turn.told.style.genre)
    value = "" if text.lower() in NONE else line_text(text, MOST_NAME)
    return _styled(tx, turn, "genre", value, replace(turn.told.style, genre=value))


def mood(tx: Transaction, turn: Turn, command: c.Mood) -> Reply:
    """Set, clear or show the mood."""
    text = one_line(command.text)
    if not text:
        return _shown(turn, "mood", turn.told.style.mood)
    value = "" if text.lower() in NONE else line_text(text, MOST_NAME)
    return _styled(tx, turn, "mood", value, replace(turn.told.style, mood=value))


def length(tx: Transaction, turn: Turn, command: c.Length) -> Reply:
    """Set or show how long the narrator's passages are."""
    if not command.text:
        return _shown(turn, "length", turn.told.style.length)
    value = Length(_one_of(command.text, tuple(Length)))
    return _styled(tx, turn, "length", value, replace(turn.told.style, length=value))


def style(tx: Transaction, turn: Turn, command: c.Style) -> Reply:
    """Set or show how boldly the narrator writes."""
    if not command.text:
        return _shown(turn, "style", turn.told.style.preset)
    value = Preset(_one_of(command.text, tuple(Preset)))
    return _styled(tx, turn, "style", value, replace(turn.told.style, preset=value))


def ban(tx: Transaction, turn: Turn, command: c.Ban) -> Reply:
    """Set, clear or show the words the narrator must not use."""
    if not one_line(command.text):
        return _shown(turn, "ban", ", ".join(turn.told.style.banned))
    words = () if one_line(command.text).lower() in NONE else split(command.text)
    if len(words) > MOST_WORDS or any(len(word) > MOST_NAME for word in words):
        raise Refusal("refusal.banned_words", most=MOST_WORDS, length=MOST_NAME)
    return _styled(tx, turn, "ban", ", ".join(words), replace(turn.told.style, banned=words))


def seed(tx: Transaction, turn: Turn, command: c.Seed) -> Reply:
    """Fix, free or show the seed."""
    text = one_line(command.text)
    fixed = turn.told.style.seed
    if not text:
        return _shown(turn, "seed", "" if fixed is None else str(fixed))
    if text.lower() in NONE:
        return _styled(tx, turn, "seed", "", replace(turn.told.style, seed=None))
    if not (text.isascii() and text.isdigit() and int(text[:12]) <= _MOST_SEED):
        raise Refusal("refusal.number", given=text[:30])
    return _styled(tx, turn, "seed", text, replace(turn.told.style, seed=int(text)))


def _one_of(text: str, known: Sequence[str]) -> str:
    value = one_line(text).lower()
    if value not in known:
        raise Refusal("refusal.choice", given=value[:30], known=", ".join(known))
    return value


def _shown(turn: Turn, name: str, value: str) -> Reply:
    key = f"control.{name}" if value else f"control.{name}_none"
    return menus.said(turn.say(key, value=value), story=turn.story)


def _styled(tx: Transaction, turn: Turn, name: str, value: str, style: Style) -> Reply:
    tx.change_story(turn.told, style=style, now=turn.now)
    return _shown(turn, name, value)


def lore(tx: Transaction, turn: Turn, command: c.Lore) -> Reply:
    """List what is known of the world, or add to it."""
    if not one_line(command.text):
        return _lore_list(turn)
    head, colon, fact = command.text.partition(":")
    if not colon or (not command.always and not one_line(head)):
        raise Refusal("refusal.lore_form")
    keywords = split(head)
    if len(keywords) > MOST_WORDS or any(len(word) > MOST_NAME for word in keywords):
        raise Refusal("refusal.banned_words", most=MOST_WORDS, length=MOST_NAME)
    text = line_text(fact, MOST_LORE)
    tx.add_lore(turn.told, keywords=keywords, text=text, always=command.always, now=turn.now)
    key = "lore.added_always" if command.always else "lore.added"
    return menus.said(turn.say(key, keywords=", ".join(keywords), text=text), story=turn.story)


def _lore_list(turn: Turn) -> Reply:
    entries = turn.told.lore
    if not entries:
        return menus.said(turn.say("lore.empty"), story=turn.story)
    lines = [
        f"{number}. {'★ ' if entry.always else ''}{', '.join(entry.keywords)}: {entry.text}"
        for number, entry in enumerate(entries, 1)
    ]
    return menus.said("\n".join([turn.say("lore.list"), "", *lines]), story=turn.story)


def forget(tx: Transaction, turn: Turn, command: c.Forget) -> Reply:
    """Remove one entry of the lore."""
    entries = turn.told.lore
    if not 1 <= command.number <= len(entries):
        raise Refusal("refusal.no_such_lore", number=command.number, count=len(entries))
    entry = entries[command.number - 1]
    tx.remove_lore(turn.told, entry.id, now=turn.now)
    return menus.said(turn.say("lore.removed", text=entry.text), story=turn.story)


def language(tx: Transaction, turn: Turn, command: c.Language) -> Reply:
    """Choose the language the bot speaks, to this author or to everybody here."""
    tag = wording.closest(one_line(command.text)) if command.text else None
    if tag is None:
        return menus.said(turn.say("language.known", known=", ".join(wording.languages())))
    say = wording.Voice(tag)
    if command.place:
        tx.set_place_language(turn.session.place, tag)
        return menus.said(say("language.set_here"))
    tx.set_author_language(turn.session.author, tag)
    return menus.said(say("language.set"), private=True)


def screening(tx: Transaction, turn: Turn, command: c.Screening) -> Reply:
    """Show how strictly passages are screened here, or let an admin set it.

    The operator's level is the least, and a story told elsewhere too keeps to the strictest place.
    """
    if not one_line(command.text):
        return menus.said(turn.say(f"screening.{turn.level}"), story=turn.story)
    chosen = Level(_one_of(command.text, tuple(Level)))
    turn.must_rule()
    tx.set_place_screening(turn.session.place, chosen)
    level = turn.level_with(chosen)
    key = chosen if level is chosen else "held"
    return menus.said(turn.say(f"screening.{key}", level=level), story=turn.story)


def split(text: str) -> tuple[str, ...]:
    """Return the words or phrases between commas, each once."""
    words = (one_line(word) for word in text.replace("，", ",").split(","))
    return tuple(dict.fromkeys(word for word in words if word))

"""What a group agrees on: the turn order, seats, roles, and places that share one story."""

import re
import secrets
from dataclasses import replace
from datetime import timedelta

from core.errors import Refusal, StaleAction
from core.session import group_commands as g
from core.session import menus, moving
from core.session.messages import Reply
from core.session.rounds import rules, standing
from core.session.turns import Turn
from core.storage.library import Member, Transaction
from core.story import group as groups
from core.story.cleaning import one_line
from core.story.group import Group, Order, Role

_TIME = re.compile(r"(\d{1,4})\s*([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(days=30)
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is taken for another
# 59 bits. Where ten thousand codes are in use, a thousand tries a second, far more than a platform
# brings or a database answers, find one in some 2,500 years: there is no need to count tries.
_LENGTH = 12


def group_of(tx: Transaction, turn: Turn) -> Group:
    """Return what was agreed on for the story told here; a new group where nothing was."""
    story = turn.told
    known = tx.group(story.id)
    if known is not None:
        return known
    opening = tx.ancestor(story.head, 1) if story.head is not None else None
    host = opening.author if opening else None
    me = turn.session
    return Group(story.id, host=me.author if host is None else host, home=me.place)


def _ruled(tx: Transaction, turn: Turn) -> Group:
    """Return the group, for one who may rule it."""
    group = group_of(tx, turn)
    if not rules(turn, group):
        raise Refusal("refusal.not_host")
    return group


def _kept(tx: Transaction, turn: Turn, group: Group) -> Reply:
    """Keep the group, and tell how it stands."""
    tx.keep_group(group)
    return menus.said(standing(tx, turn.say, group), story=turn.story)


# ---------------------------------------------------------------- order
def order(tx: Transaction, turn: Turn, command: g.Order) -> Reply:
    """Set who writes next, or tell it."""
    words = one_line(command.text).lower()
    if not words:
        return menus.said(standing(tx, turn.say, group_of(tx, turn)), story=turn.story)
    name, _, time = words.partition(" ")
    if name not in tuple(Order):
        raise Refusal("refusal.order_form")
    group = _ruled(tx, turn)
    wait = _time(time) if time else None
    asker = turn.session.author
    return _kept(tx, turn, groups.ordered(group, Order(name), wait, asker, turn.now))


def _time(typed: str) -> timedelta:
    match = _TIME.fullmatch(typed.strip())
    if match is None:
        raise Refusal("refusal.order_form")
    wait = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not _SHORTEST <= wait <= _LONGEST:
        raise Refusal("refusal.order_time")
    return wait


def seat(tx: Transaction, turn: Turn) -> Reply:
    """Take a seat, or leave it."""
    return _kept(tx, turn, groups.seated(group_of(tx, turn), turn.session.author, turn.now))


def skip(tx: Transaction, turn: Turn, command: g.Skip) -> Reply:
    """Pass the turn on: one's own, or as a host anybody's."""
    group = group_of(tx, turn)
    if group.order is not Order.ROUNDS:
        raise Refusal("refusal.no_rounds")
    if command.author is not None and command.author != group.whose:
        raise StaleAction
    if group.whose != turn.session.author and not rules(turn, group):
        raise Refusal("refusal.not_host")
    return _kept(tx, turn, groups.skipped(group, turn.now))


def pause(tx: Transaction, turn: Turn) -> Reply:
    """Let the deadlines rest."""
    group = group_of(tx, turn)
    if group.due is None or group.narrators_turn:
        raise Refusal("refusal.no_deadline")
    return _kept(tx, turn, groups.paused(group))


# ---------------------------------------------------------------- roles
def role(tx: Transaction, turn: Turn, command: g.Role) -> Reply:
    """Give somebody a role, or list them."""
    words = one_line(command.text)
    if not words:
        return _roles(tx, turn)
    given, _, name = words.partition(" ")
    if given.lower() not in tuple(Role) or not name.strip():
        raise Refusal("refusal.role_form")
    group = _ruled(tx, turn)
    member = _member(tx, turn, name.strip().removeprefix("@"))
    wanted = Role(given.lower())
    if wanted is Role.READER and member.author == group.host:
        raise Refusal("refusal.host_stays")
    if wanted is Role.READER and member.author in group.seats:
        group = groups.seated(group, member.author, turn.now)
    tx.keep_group(groups.with_role(group, member.author, wanted))
    return menus.said(turn.say(f"role.{wanted}", name=member.name), story=turn.story)


def _member(tx: Transaction, turn: Turn, name: str) -> Member:
    """Return the one member of that name."""
    found = [
        member
        for member in tx.members_of(turn.told.id)
        if one_line(member.name).casefold() == name.casefold()
    ]
    if len(found) != 1:
        raise Refusal("refusal.no_such_member" if not found else "refusal.two_members", name=name)
    return found[0]


def _roles(tx: Transaction, turn: Turn) -> Reply:
    group = group_of(tx, turn)
    lines = [
        f"{one_line(member.name)}: {turn.say(f'role.name_{group.role(member.author)}')}"
        for member in tx.members_of(turn.told.id)
    ]
    return menus.said("\n".join([turn.say("role.list"), "", *lines]), story=turn.story)


# ---------------------------------------------------------------- places
def join(tx: Transaction, turn: Turn, command: g.Join) -> Reply:
    """Tell another place's story here, by its code; or show, or renew, the code of this one."""
    code = one_line(command.text).upper().replace(" ", "")
    if code in {"", "NEW"}:
        group = _ruled(tx, turn)
        if group.code is None or code:
            group = replace(group, code=_code())
            tx.keep_group(group)
        told = turn.say("join.code", code=group.code or "", title=turn.told.title)
        return menus.said(told, private=True)
    found = tx.story_of_code(code)
    story = tx.story(found) if found is not None else None
    if story is None:
        raise Refusal("refusal.no_such_code")
    tx.put_on_shelf(turn.session.place, story.id)
    tx.open_story(turn.session.place, story.id)
    return moving.show(tx, turn, story, note=turn.say("join.joined"))


def _code() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def leave(tx: Transaction, turn: Turn) -> Reply:
    """No longer tell the story here."""
    story = turn.told
    if set(tx.shelves_of(story.id)) <= {turn.session.place}:
        raise Refusal("refusal.only_place")
    tx.take_off_shelf(turn.session.place, story.id)
    return menus.said(turn.say("join.left", title=story.title))

"""The session that the demonstration plays: a Telegram group and a Discord channel, one story.

Every step waits until what it is about was seen on the servers, on both sides where it should be.
"""

import re
from collections.abc import Callable

from core.session.wording import FIRST, say
from tests.demo.watching import Key, Shown, Watcher
from tests.servers.discord_people import Person as DiscordPerson
from tests.servers.discord_server import DiscordServer
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_world import Person

PREMISE = "A lighthouse keeper finds a shell that sings"
_PATIENCE = 90.0  # seconds; a group's pace on Telegram is twenty messages a minute
_NOTHING_BETTER = say(FIRST, "refusal.nothing_better")


class NotSeen(AssertionError):
    """Something that a step is about did not come."""


class Party:
    """Ann and Ben in a Telegram group, Tom and Lea in a Discord channel."""

    def __init__(self, telegram: TelegramServer, discord: DiscordServer, watcher: Watcher) -> None:
        world = telegram.world
        self.telegram, self.discord, self.watcher = telegram, discord, watcher
        self.ann, self.ben = world.person("Ann"), world.person("Ben")
        self.group = world.group("Lantern Street", self.ann, self.ben)
        self.channel = discord.text_channel("stories", discord.guild("Tale House"))
        self.tom, self.lea = discord.somebody("Tom"), discord.somebody("Lea")
        self._before: dict[Key, Shown] = {}

    # ------------------------------------------------------------ what people do
    def says(self, who: Person, line: str) -> None:
        """Somebody writes in the Telegram group."""
        self._begins("Telegram", who.name, line)
        self.telegram.people.send(self.group, who, line)

    def presses(self, who: Person, label: str) -> None:
        """Somebody presses a button of the newest message in the group that has it."""
        self._begins("Telegram", who.name, f"presses [{label}]")
        for message in reversed(self.telegram.said(self.group)):
            rows = message.get("reply_markup", {}).get("inline_keyboard", [])
            if any(key["text"] == label for row in rows for key in row):
                self.telegram.people.press(message, label, who)
                return
        raise NotSeen(f"no button {label} in the group")

    async def slashes(self, who: DiscordPerson, command: str, **options: str) -> None:
        """Somebody types a slash command in the Discord channel."""
        typed = " ".join([f"/{command}", *(f"{name}: {text}" for name, text in options.items())])
        self._begins("Discord", who.user.name, typed)
        await who.slash(self.channel, command, **options)

    async def clicks(self, who: DiscordPerson, label: str) -> None:
        """Somebody presses a button of the newest message in the channel that has it."""
        self._begins("Discord", who.user.name, f"presses [{label}]")
        for message in reversed(self.discord.in_channel(self.channel)):
            if label in message.labels and message.only_for in (None, who.user):
                await who.press(message, label)
                return
        raise NotSeen(f"no button {label} in the channel")

    def _begins(self, platform: str, who: str, what: str) -> None:
        self._before = self.watcher.now()
        self.watcher.person(platform, who, what)

    # ------------------------------------------------------------ what is seen
    async def on_telegram(self, about: str, is_it: Callable[[Shown], bool]) -> Shown:
        """Wait for something new in the Telegram group."""
        shown = await self._new("Telegram", about, is_it)
        self.watcher.told()
        return shown

    async def on_discord(self, about: str, is_it: Callable[[Shown], bool]) -> Shown:
        """Wait for something new in the Discord channel."""
        shown = await self._new("Discord", about, is_it)
        self.watcher.told()
        return shown

    async def _new(self, platform: str, about: str, is_it: Callable[[Shown], bool]) -> Shown:
        def found() -> list[Shown]:
            return [
                shown
                for key, shown in self.watcher.now().items()
                if shown.platform == platform and shown != self._before.get(key) and is_it(shown)
            ]

        try:
            await self.discord.until(lambda: bool(found()), seconds=_PATIENCE)
        except TimeoutError:
            raise NotSeen(f"{about} was not seen on {platform}") from None
        return found()[-1]

    async def on_both(self, about: str, is_it: Callable[[Shown], bool]) -> Shown:
        """Wait for something new on both sides; return the one on Telegram."""
        here = await self._new("Telegram", about, is_it)
        await self._new("Discord", about, is_it)
        self.watcher.told()
        return here


def is_passage(shown: Shown) -> bool:
    """Whether a message shows a passage as it stays."""
    return "Continue" in shown.labels


def says(*words: str) -> Callable[[Shown], bool]:
    """Return what asks whether all these words stand in a message."""
    return lambda shown: all(word in shown.text for word in words)


def offers(*labels: str) -> Callable[[Shown], bool]:
    """Return what asks whether a message has all these buttons."""
    return lambda shown: set(labels) <= set(shown.labels)


# ---------------------------------------------------------------- the session
async def play(party: Party) -> None:
    """Play it from the first line to the export. Raises NotSeen."""
    for about, scene in SCENES.items():
        party.watcher.step(about)
        await scene(party)
        party.watcher.told()


async def begin(party: Party) -> None:
    """A story begins on Telegram, written before everybody's eyes."""
    party.says(party.ann, f"/new {PREMISE}")
    await party.on_telegram("the opening", is_passage)


async def join(party: Party) -> None:
    """The Discord channel joins by a code."""
    party.says(party.ann, "/join")
    shown = await party.on_telegram("the code", says("/join "))
    code = re.search(r"/join ([A-Z0-9]{8,})", shown.text)
    if code is None:
        raise NotSeen(f"no code in {shown.text!r}")
    party.watcher.told()
    await party.slashes(party.tom, "join", code=code[1])
    await party.on_discord("the story", is_passage)


async def take_turns(party: Party) -> None:
    """Somebody writes on Discord, the narrator goes on on Telegram; both sides see both."""
    line = "Mara held the shell to her ear, and the lamp went out."
    await party.slashes(party.tom, "say", passage=line)
    await party.on_both("what Tom said", says(line))
    party.presses(party.ben, "Continue")
    await party.on_both("what the narrator wrote", is_passage)


async def vote(party: Party) -> None:
    """The narrator offers three takes, both sides vote, the winner advances the story."""
    party.says(party.ann, "/order vote 30m")
    await party.on_telegram("the order", says("vote"))
    party.says(party.ben, "/seat")
    await party.on_telegram("a seat", says("vote"))
    for who in (party.tom, party.lea):
        await party.slashes(who, "seat")
        await party.on_discord("a seat", says("vote"))
    await party.slashes(party.lea, "continue")
    await party.on_both("the takes", offers("A", "B", "C"))
    party.presses(party.ann, "B")
    await party.discord.until(lambda: bool(party.telegram.methods.alerts))
    party.watcher.told()
    await party.clicks(party.tom, "C")
    await party.on_discord("Tom's vote", says("C"))
    party.presses(party.ben, "B")
    await party.on_both("the winner", lambda shown: is_passage(shown) and "B won" in shown.text)
    party.says(party.ann, "/order free")
    await party.on_telegram("the order", says("free"))


async def undo(party: Party) -> None:
    """A step back, and forward again."""
    await party.clicks(party.lea, "Undo")
    await party.on_both("the step back", is_passage)
    party.says(party.ben, "/redo")
    await party.on_both("the step forward", is_passage)


async def refine(party: Party) -> None:
    """A passage is told again as somebody wishes, and accepted."""
    shown = None
    for wish in ("shorter", "vivid", "polish", "longer"):
        party.says(party.ann, f"/refine {wish}")
        shown = await party.on_telegram("the refined passage", _is_refined)
        if _NOTHING_BETTER not in shown.text:
            break
    if shown is None or "Take it" not in shown.labels:
        raise NotSeen("nothing was refined")
    await party.on_discord("the refined passage", is_passage)
    party.presses(party.ann, "Take it")
    await party.on_telegram("the choice", says("picked"))


def _is_refined(shown: Shown) -> bool:
    return "Take it" in shown.labels or _NOTHING_BETTER in shown.text


async def explain(party: Party) -> None:
    """Tom alone is told why the passage is as it is; Ben asks what the whole story is about."""
    await party.slashes(party.tom, "explain")
    await party.on_discord("the explanation", lambda shown: shown.alone == "Tom")
    party.says(party.ben, "/explain story")
    await party.on_telegram("the explanation", says("The story so far, explained"))
    await party.on_telegram("the picture of its mood", says("<picture>"))


async def export(party: Party) -> None:
    """Both sides take the story home."""
    party.says(party.ann, "/export epub")
    await party.on_telegram("the book", says(".epub"))
    await party.slashes(party.lea, "export", kind="md")
    await party.on_discord("the page", lambda shown: any(n.endswith(".md") for n in shown.files))


SCENES = {
    "Ann begins a story on Telegram": begin,
    "Tom's Discord channel joins it": join,
    "They write by turns, and each side sees the other's": take_turns,
    "A vote on what comes next, with voices from both sides": vote,
    "One step back, and forward again": undo,
    "Ann has the passage told differently": refine,
    "Tom and Ben want to know why": explain,
    "Everybody takes the story home": export,
}

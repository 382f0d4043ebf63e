"""The demonstration of learning, step by step; each says what was seen, or that it was not."""

import asyncio
import logging
import os
import re
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from bot import wiring
from bot.criticism import build_critic
from bot.following import Following
from bot.settings import Secrets, Settings, data_folder
from bot.timetable import Timetable, due, environment_of
from core.narrator.narrator import Narrator
from core.session.messages import Place
from core.session.wording import say
from core.storage.library import Library
from core.storage.loras import Lora
from core.storage.runs import EVERYBODY, Run, RunState
from tests.demo.session import NotSeen
from tests.demo_learning.group import FORGETFUL, Passage, Village

# What the timetable does when it is time.
Learns = Callable[[Settings, Library], Coroutine[None, None, None]]
_SOON = 10.0  # seconds from a promotion to the first chat that hears it
_CHARACTERS = 90  # of a passage that are shown
_LONG_EVENING = 20  # turns
_PARTS = 4  # in which the first evenings are told, to see how far they are
_SAID = re.compile(r"learning: (.*)")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is told and rated."""

    evenings: int = 120  # two takes each, so twice as many ratings; a multiple of four
    fresh: int = 32  # evenings on the new LoRA
    trial: int = 48  # evenings while two are compared

    @property
    def minimum(self) -> float:
        """What all ratings must count together: less than there are, even without one person's."""
        return float(self.evenings)


async def by_timetable(settings: Settings, library: Library) -> None:
    """Let the timetable do what is due, as its cron line would."""
    await Timetable(settings, library).learn()


async def demonstrate(
    console: Console,
    settings: Settings,
    size: Size,
    *,
    narrator: Narrator | None = None,
    learns: Learns = by_timetable,
) -> None:
    """Play it. `narrator` and `learns` stand in for the real ones. Raises NotSeen."""
    with wiring.opened_library(settings) as library:
        teller = narrator or wiring.build_narrator(settings, Secrets())
        following = Following(library, data_folder(settings), teller)
        engine = wiring.build_engine(
            settings,
            library,
            teller,
            seed=1963,
            loras=following.lora_for,
            critic=build_critic(settings, following),
        )
        play = Play(console, settings, size, library, teller, Village(library, engine), learns)
        heard = asyncio.create_task(following.run())
        try:
            for about, step in STEPS.items():
                play.begins(about)
                await step(play)
        finally:
            heard.cancel()
            with suppress(asyncio.CancelledError):
                await heard
            await teller.close()


@dataclass
class Play:
    """What the steps share."""

    console: Console
    settings: Settings
    size: Size
    library: Library
    narrator: Narrator
    village: Village
    learns: Learns
    told: list[Passage] = field(default_factory=list)  # before anything was learned
    began: float = field(default_factory=time.monotonic)

    # ------------------------------------------------------------ what is printed
    def begins(self, about: str) -> None:
        """Print what comes now, and how long it has taken to here."""
        spent = int(time.monotonic() - self.began)
        self.console.print()
        title = f"{about} ({spent // 60}:{spent % 60:02})"
        self.console.rule(Text(title), align="left", style="dim")

    def says(self, line: str, style: str = "") -> None:
        """Print a line."""
        self.console.print(Text(line, style=style))

    def shows(self, passage: Passage, mark: str) -> None:
        """Print how a passage begins."""
        words = " ".join(passage.text.split())
        tail = words if len(words) <= _CHARACTERS else words[:_CHARACTERS] + "…"
        self.says(f"  {mark} {passage.reader.name}: {tail}", style="italic")

    # ------------------------------------------------------------ what is done and seen
    async def taleturn(self, *words: str) -> str:
        """Type a command as the operator would, print what it says, and return that."""
        self.says(f"$ taleturn {' '.join(words)}", style="bold")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *words),
            env={**os.environ, **environment_of(self.settings), "COLUMNS": "160"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode().rstrip()
        self.says(said)
        self.sees(process.returncode == 0, f"taleturn {words[0]} ends well")
        return said

    def sees(self, found: object, what: str) -> None:
        """Print that something was seen. Raises NotSeen where it was not."""
        if not found:
            raise NotSeen(f"not seen: {what}")
        self.says(f"  ✓ {what}", style="green")

    async def hears(self, lora: str | None) -> None:
        """Wait until the chats hear a LoRA (None: the model as it is), and say how long it took."""
        began = time.monotonic()
        while self.narrator.lora != lora and time.monotonic() - began < _SOON:  # noqa: ASYNC110 - it is watched from outside
            await asyncio.sleep(0.05)
        (passage,) = await self.village.evenings(1, takes=1)
        spent = time.monotonic() - began
        self.shows(passage, "»")
        self.sees(passage.lora == lora, f"the first chat on {lora or 'the model as it is'}")
        self.sees(spent < _SOON, f"it came {spent:.1f} s after the command, with no restart")

    def live(self) -> Lora | None:
        """What is live for everybody."""
        with self.library.begin() as tx:
            return tx.live_loras().get(EVERYBODY)

    def newest(self) -> tuple[Run, Lora]:
        """The newest run, and what came of it."""
        with self.library.begin() as tx:
            runs, loras = tx.runs(1), tx.loras()
        if not (runs and runs[0].state is RunState.DONE and loras and loras[0].run == runs[0].id):
            raise NotSeen("not seen: a run that was done to its end, and its LoRA")
        return runs[0], loras[0]

    async def learn(self) -> None:
        """Let the timetable do what is due, while the chats go on; print how far it is."""
        scopes = await asyncio.to_thread(due, self.settings, self.library, datetime.now(UTC))
        self.sees(scopes == [EVERYBODY], "a run for everybody is due")
        async with _heard_aloud(self):
            running = asyncio.create_task(self.learns(self.settings, self.library))
            began = time.monotonic()
            (passage,) = await self.village.evenings(1, takes=1)
            spent = time.monotonic() - began
            self.says(f"  (a chat meanwhile has its passage in {spent:.1f} s)")
            self.shows(passage, "»")
            await running


@asynccontextmanager
async def _heard_aloud(play: Play) -> AsyncGenerator[None]:
    """Print what the timetable logs of the run."""

    class Aloud(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if said := _SAID.fullmatch(record.getMessage()):
                play.says(f"  … {said[1]}")

    log, aloud = logging.getLogger("bot.timetable"), Aloud()
    level, log.propagate = log.level, False
    log.setLevel(logging.INFO)
    log.addHandler(aloud)
    try:
        yield
    finally:
        log.removeHandler(aloud)
        log.setLevel(level)
        log.propagate = True


# ---------------------------------------------------------------- the steps
async def empty(play: Play) -> None:
    """There is nothing yet."""
    said = await play.taleturn("loras", "list")
    play.sees("No LoRAs yet" in said, "no LoRA")
    scopes = due(play.settings, play.library, datetime.now(UTC))
    play.sees(scopes == [], "nothing to learn from, so no run is due")


async def rated(play: Play) -> None:
    """The group has stories told, and rates them."""
    for _ in range(_PARTS):
        play.told += await play.village.evenings(play.size.evenings // _PARTS)
        play.says(f"  … {len(play.told)} passages written")
    usual = play.village.know(play.told)
    ups = await play.village.rate(play.told)
    for passage in play.told[:6]:
        play.shows(passage, "👍" if play.village.likes(passage.text) else "👎")
    play.says(f"  (what they like, and tell nobody: sentences of fewer than {-usual:.1f} words)")
    with play.library.begin() as tx:
        kept = tx.glean()
    play.sees(
        len(kept.ratings) == len(play.told) == 2 * play.size.evenings,
        f"{len(kept.ratings)} ratings kept, {ups} of them up, by {len(kept.people)} people",
    )
    play.sees(all(passage.lora is None for passage in play.told), "all by the model as it is")


async def run(play: Play) -> None:
    """The timetable finds that enough is new, and trains in a process of its own."""
    await play.learn()
    done, lora = play.newest()
    play.sees(lora.run == done.id, f"run {done.id} was done to its end, and made {lora.name}")
    play.sees(lora.dataset is not None and done.dataset == lora.dataset, f"dataset {lora.dataset}")


async def report(play: Play) -> None:
    """Every run leaves a page."""
    _, lora = play.newest()
    page = data_folder(play.settings) / lora.report
    play.says(f"  {page}")
    for name, found in lora.measures.items():
        old = "" if found["old"] is None else f"{found['old']:.3f} before, "
        play.says(f"  {name}: {old}{found['new']:.3f} ({found['low']:.3f} to {found['high']:.3f})")
    play.sees(page.is_file() and "<h1>" in page.read_text("utf-8"), "the report's page")


async def promotion(play: Play) -> None:
    """The gate lets it go live; where it does not, the operator does, and that is said."""
    _, lora = play.newest()
    play.says(f"  the gate: {'; '.join(lora.reasons)}")
    if play.live() is not None:
        play.sees(lora, f"the gate let {lora.name} go live by itself")
    else:
        play.says(f"  The gate refused {lora.name}. BY HAND, as an operator may:", style="yellow")
        await play.taleturn("loras", "promote", lora.name)
    live = play.live()
    play.sees(live is not None and live.name == lora.name, f"{lora.name} is live")
    await play.hears(lora.name)


async def chats(play: Play) -> None:
    """Stories on the new LoRA, and what the taste says of them."""
    live = play.live()
    fresh = await play.village.evenings(play.size.fresh, takes=1)
    for passage in fresh[:3]:
        play.shows(passage, "👍" if play.village.likes(passage.text) else "👎")
    play.sees(all(one.lora == (live.name if live else "") for one in fresh), "all by the LoRA")
    chosen = sum(one.best_of > 1 for one in fresh)
    play.says(f"  {chosen} of {len(fresh)} were chosen among takes by the run's discriminator.")
    before, after = play.village.liked(play.told), play.village.liked(fresh)
    play.says(f"  The taste likes {before:.0%} of what was told before, {after:.0%} of this.")


async def asked(play: Play) -> None:
    """Where its discriminator cannot tell whether a passage is liked, a rating is asked for."""
    question, share = say("en", "note.rate"), play.settings.learning.ask_share
    shown = await play.village.long_evening(_LONG_EVENING)
    doubtful = [reply for reply in shown if question in reply.note]
    for reply in doubtful:
        play.says(f"  » {' '.join(reply.text.split())[:_CHARACTERS]}…", style="italic")
        play.says(f"    {reply.note}")
    play.sees(
        len(doubtful) <= share * len(shown),
        f"asked after {len(doubtful)} of {len(shown)} turns; {share:.0%} are allowed",
    )


async def rollback(play: Play) -> None:
    """One command brings back what was live before."""
    await play.taleturn("loras", "rollback")
    play.sees(play.live() is None, "nothing is live any more")
    await play.hears(None)


async def trial(play: Play) -> None:
    """Both side by side, each in half of the places."""
    _, lora = play.newest()
    await play.taleturn("loras", "ab", lora.name, "--share", "0.5")
    told: list[Passage] = []
    began = time.monotonic()
    while not any(one.lora == lora.name for one in told) and time.monotonic() - began < _SOON:
        told += await play.village.evenings(1, takes=1)
    told += await play.village.evenings(play.size.trial, takes=1)
    await play.village.rate(told)
    sides = [[one for one in told if one.lora == side] for side in (None, lora.name)]
    play.sees(
        all(sides) and sum(map(len, sides)) == len(told),
        f"{len(sides[0])} places heard the model as it is, {len(sides[1])} {lora.name}",
    )
    said = " ".join((await play.taleturn("loras", "list")).split())
    play.sees(f"Trial: {lora.name} in 50% of the places" in said, "how the trial stands")
    await play.taleturn("loras", "promote", lora.name)
    await play.hears(lora.name)


async def forgotten(play: Play) -> None:
    """Somebody takes everything back; what learned from it is marked."""
    who = play.village.person(FORGETFUL)
    alone = Place("demo", f"{FORGETFUL} alone", private=True)
    asked = await play.village.ask(alone, who, "/forgetme")
    play.says(f"  {asked.text}")
    (button,) = (action for row in asked.actions for action in row)
    reply = await play.village.ask(alone, who, button.command)
    play.says(f"  {who.name} presses [{button.label}]: {reply.text}")
    said = " ".join((await play.taleturn("loras", "list")).split())
    live = play.live()
    play.sees(live is not None and live.stale, "what is live learned from it, and is marked")
    play.sees("to be rebuilt" in said, "the list says that it is to be rebuilt")


async def rebuilt(play: Play) -> None:
    """The next run trains without it, and deletes what had learned from it."""
    before = play.live()
    if before is None:
        raise NotSeen("not seen: the LoRA that is to be rebuilt")
    await play.learn()
    _, lora = play.newest()
    data = data_folder(play.settings)
    play.sees(lora.dataset != before.dataset and not lora.stale, "a dataset without the forgotten")
    play.sees(not (data / before.folder).exists(), f"the files of {before.name} are deleted")
    with play.library.begin() as tx:
        play.sees(tx.stale_datasets() == [], "and so is the dataset it learned from")
    play.says(f"  the gate: {'; '.join(lora.reasons)}")
    live = play.live()
    play.sees(live is None or live.name == lora.name, f"live: {live.name if live else 'the model'}")
    await play.hears(live.name if live else None)
    await play.taleturn("loras", "list")


STEPS: dict[str, Callable[[Play], Awaitable[None]]] = {
    "An empty database": empty,
    "A group rates what the narrator writes": rated,
    "The timetable finds enough that is new, and a run learns from it": run,
    "The report of the run": report,
    "Promotion": promotion,
    "Chats on the new LoRA": chats,
    "A long evening: where is it unsure?": asked,
    "Rollback": rollback,
    "A/B: the model as it is and the LoRA, side by side": trial,
    f"{FORGETFUL} types /forgetme": forgotten,
    "The rebuild, without what was taken back": rebuilt,
}

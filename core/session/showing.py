"""Explain: what a passage rests on."""


from core.insight.explain import Explanation, explain
from core.narrator.narrator import Mode, Narrator
from core.session.assignments import assignment
from core.session.messages import Reply
from core.session.moving import passage_at
from core.session.turns import WINDOW, Turn
from core.storage.library import Transaction
from core.story.model import Passage


def to_explain(tx: Transaction, turn: Turn, at: int | None) -> tuple[Passage, tuple[Passage, ...]]:
    """Return the passage to explain and the newest of those before it, oldest first."""
    passage = turn.head if at is None else passage_at(tx, turn, at)
    return passage, () if passage.parent is None else tx.path(passage.parent, WINDOW + 1)


async def explained(
    narrator: Narrator, turn: Turn, passage: Passage, path: tuple[Passage, ...]
) -> Reply:
    """Explain a passage in words."""
    earlier = path[0].recap if len(path) > WINDOW else ""
    path = path[-WINDOW:]
    wanted = assignment(turn, Mode.CONTINUE if path else Mode.OPEN, path, earlier=earlier)
    fit = await narrator.fit(wanted)
    told = explain(passage, path, turn.told.lore, turn.told.premise, fit)
    return Reply(
        text="\n\n".join(_paragraphs(turn, told)),
        heading=turn.say("explain.heading", number=passage.depth),
        private=True,
    )


def _paragraphs(turn: Turn, told: Explanation) -> list[str]:
    say = turn.say
    parts = [say("explain.recap", recap=told.recap) if told.recap else say("explain.opening")]
    if told.provenance is not None:
        facts = told.provenance
        key = "explain.narrator" if facts.lora is None else "explain.narrator_lora"
        parts.append(
            say(
                key,
                model=facts.model,
                lora=facts.lora or "",
                seed=facts.seed,
                preset=facts.preset,
            )
        )
        if facts.wish:
            parts.append(say("explain.wish", wish=facts.wish))
    else:
        parts.append(say("explain.person"))
    lore = [*told.always, *told.lore]
    if lore:
        parts.append("\n".join([say("explain.lore"), *(f"· {entry.text}" for entry in lore)]))
    if told.left_out:
        parts.append(say("explain.left_out", count=told.left_out))
    percent = round(100 * told.used / told.window)
    parts.append(say("explain.window", percent=percent, used=told.used, window=told.window))
    return parts

"""How much each voice counts: a flood by one author, or by accounts that joined today, little.

    weight of a voice = strength of what was said x standing of who said it
    standing = (a tenth on the day somebody joined, else 1) x min(1, most / voices of this author)
    most     = the greater of 10 and three times the median author's number of voices

So who says a thousand things where others say ten counts as thirty, whatever they click, and fifty
accounts made this morning count as five. The median, unlike the mean, is not moved by a flood.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

NEWCOMER = 0.1
_FEWEST = 10  # voices that nobody is held back from
_TIMES = 3  # the median
_TYPO = 0.1  # an edit that changed less only mended something


@dataclass(frozen=True, slots=True)
class Strengths:
    """How strongly each way of saying it says that one text is better, or good or bad."""

    thumb: float = 1.0
    pick: float = 1.0
    vote: float = 1.0
    refine: float = 0.5  # who asks for a refinement and keeps it found something wanting
    retry: float = 0.25  # a weak no: another take may be asked for out of curiosity
    edit: float = 1.0  # times the share of words that were changed

    def of_distance(self, changed: float) -> float:
        """How strongly an edit says that the old text was not good; a mended typo says nothing."""
        return self.edit * changed if changed > _TYPO else 0.0


STRENGTHS = Strengths()


def standings(
    voices: Sequence[int],
    joined: Mapping[int, datetime],
    *,
    now: datetime,
    newcomer: timedelta = timedelta(days=1),
) -> dict[int, float]:
    """What one voice of each author counts, from 0 to 1.

    `voices` names the author of each voice there is, `joined` when each was first seen.
    """
    said = Counter(voices)
    most = max(_FEWEST, _TIMES * median(said.values())) if said else _FEWEST
    return {
        author: min(1.0, most / count) * (NEWCOMER if now - joined[author] < newcomer else 1.0)
        for author, count in said.items()
    }

"""Two LoRAs side by side: which place hears which, and a test that may be looked at any time.

Each (author, story) is heard once: whether its thumbs on the passages of a LoRA come to more up
than down. The n-th such verdict on one LoRA is paired with the n-th on the other, in the order
they were given; where the two differ, one LoRA won. If both were liked alike, each wins such a
pair by half, so the likelihood of the wins under a uniform mixture of all shares p, against
p = 1/2,

    E_n = integral of p^w (1-p)^l dp / (1/2)^(w+l) = 2^n B(w+1, l+1)

is a martingale that begins at 1, and by Ville's inequality it ever exceeds 1/alpha with a chance
of at most alpha, however often one looks (the mixture SPRT: Robbins 1970, Annals of Mathematical
Statistics 41(5); Johari, Koomen, Pekelis and Walsh 2022, "Always Valid Inference", Operations
Research 70(3)). A verdict is one as soon as it does.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.storage.loras import Heard, Trial

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Standing:
    """How a trial stands."""

    wins: int  # pairs in which the challenger alone was liked
    losses: int
    ties: int = 0

    @property
    def evidence(self) -> float:
        """E_n: from 1/ALPHA on, one of the two is better."""
        return math.exp(_log_evidence(self.wins, self.losses, 0.5))

    @property
    def decided(self) -> bool:
        """Whether one is better."""
        return self.evidence >= 1 / ALPHA

    @property
    def challenger_wins(self) -> bool:
        """Whether the better one is the challenger."""
        return self.decided and self.wins > self.losses

    @property
    def interval(self) -> tuple[float, float]:
        """The challenger's share of wins is in here, at all times, by 1 - ALPHA."""
        return _interval(self.wins, self.losses)


def gets_challenger(place: str, trial: Trial) -> bool:
    """Whether a place hears the challenger: always the same, by a hash of its key and the trial."""
    drawn = hashlib.sha256(f"{trial.id} {trial.challenger} {place}".encode()).digest()
    return int.from_bytes(drawn[:8]) / 2**64 < trial.share


def standing(trial: Trial, heard: Iterable[Heard]) -> Standing:
    """How the trial stands after these thumbs, in the order they were given."""
    thumbs = list(heard)
    old, new = _verdicts(thumbs, trial.champion), _verdicts(thumbs, trial.challenger)
    pairs = list(zip(old, new, strict=False))
    wins = sum(liked and not before for before, liked in pairs)
    losses = sum(before and not liked for before, liked in pairs)
    return Standing(wins, losses, len(pairs) - wins - losses)


def _verdicts(heard: Sequence[Heard], lora: str | None) -> list[bool]:
    """Whether each author liked it in each story, in the order of their first words on it."""
    net: dict[tuple[int, int], int] = {}
    for one in heard:
        if one.lora == lora:
            net[one.author, one.story] = net.get((one.author, one.story), 0) + one.value
    return [value > 0 for value in net.values() if value]


def _log_evidence(wins: int, losses: int, share: float) -> float:
    """Log of the mixture's likelihood against that of one share of wins."""
    mixture = math.lgamma(wins + 1) + math.lgamma(losses + 1) - math.lgamma(wins + losses + 2)
    return mixture - wins * math.log(share) - losses * math.log1p(-share)


def _interval(wins: int, losses: int) -> tuple[float, float]:
    """The shares that the evidence does not rule out: a confidence sequence."""
    best = min(max(wins / (wins + losses), 1e-9), 1 - 1e-9) if wins + losses else 0.5
    return (
        _edge(wins, losses, 1e-9, best),
        _edge(wins, losses, 1 - 1e-9, best),
    )


def _edge(wins: int, losses: int, outside: float, inside: float) -> float:
    """Where the evidence against a share reaches 1/ALPHA, by halving."""
    if _log_evidence(wins, losses, outside) < math.log(1 / ALPHA):
        return round(outside, 6)
    for _ in range(50):
        middle = (outside + inside) / 2
        if _log_evidence(wins, losses, middle) >= math.log(1 / ALPHA):
            outside = middle
        else:
            inside = middle
    return round(inside, 6)

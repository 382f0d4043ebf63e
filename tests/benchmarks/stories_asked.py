"""What the benchmark asks for: premises, words and moods, none of them from the training text."""

from collections.abc import Sequence
from dataclasses import replace

from core.narrator.narrator import Assignment, Mode
from core.story.model import Length
from core.story.recap import recap

# As people type them: a name, a thing, a problem; some short, some long.
PREMISES = (
    ("Mara", "Mara finds a singing shell on the beach"),
    ("Tom", "a boy named Tom loses his red kite in a storm"),
    ("Juma", "Juma wants to ride the big elephant to the market"),
    ("Lily", "Lily plants a seed and waits for it to grow."),
    ("Ben", "a small dog named Ben is afraid of the dark"),
    ("Aisha", "Aisha bakes a cake for her grandmother but drops it"),
    ("Leo", "a lion named Leo cannot roar"),
    ("Mei", "Mei finds a lost kitten under the bridge"),
    ("Sam", "Sam builds a boat out of boxes"),
    ("Rosa", "Rosa and her brother get lost in the forest"),
    ("Max", "a robot named Max wants a friend"),
    ("Nina", "Nina hears a strange noise in the cellar at night"),
    ("Kofi", "Kofi sells mangoes, and a monkey steals one"),
    ("Anna", "Anna finds an old map in the attic"),
    ("Tim", "a turtle named Tim enters a race with a rabbit"),
    ("Zoe", "Zoe wants to win the drawing contest"),
    ("Ravi", "Ravi learns to swim in the river"),
    ("Ella", "a princess named Ella does not want a crown"),
    ("Finn", "Finn catches a fish that can talk"),
    ("Sara", "Sara moves to a new house and misses her friend"),
)
NAMELESS = (
    "A lighthouse keeper finds a shell on the stairs",
    "A fox loses his tail in the snow",
    "An old baker wants to bake the biggest bread",
    "The cat steals a fish from the market",
    "A little bear cannot find his honey",
    "A young witch breaks her broom",
    "The dragon is afraid of mice",
    "A grumpy farmer plants a magic bean",
    "The king forgets his crown at the beach",
    "A clever mouse builds a boat",
    "A snowman dreams of summer",
    "A penguin wants to fly",
    "The postman brings a strange letter",
    "A girl finds a door in a tree",
    "A boy hears somebody sing in the well",
    "A shy elephant learns to dance",
    "The gardener grows a pumpkin as big as a house",
    "A tiny ant carries a big leaf home",
    "A sailor meets a talking whale",
    "A robot wants to paint the moon",
)
WORDS = (
    ("bell", "climb", "rusty"),
    ("soup", "stir", "hungry"),
    ("ladder", "paint", "yellow"),
    ("owl", "whisper", "dark"),
    ("train", "wait", "late"),
    ("garden", "dig", "deep"),
    ("mirror", "laugh", "funny"),
    ("boat", "row", "brave"),
    ("letter", "read", "secret"),
    ("drum", "dance", "loud"),
    ("bridge", "cross", "narrow"),
    ("honey", "share", "sweet"),
    ("tower", "knock", "tall"),
    ("snow", "slip", "cold"),
    ("mask", "hide", "scary"),
    ("wheel", "fix", "broken"),
)
MOODS = ("happy", "sad", "calm")


def openings(seeds: Sequence[int] = (1, 2)) -> list[Assignment]:
    """One of each premise for each seed."""
    return [
        Assignment(mode=Mode.OPEN, seed=seed, premise=premise, length=Length.LONG)
        for seed in seeds
        for _, premise in PREMISES
    ]


def nameless() -> list[Assignment]:
    """Ten of each premise in which nobody has a name."""
    return [
        Assignment(mode=Mode.OPEN, seed=100 * take + at, premise=premise, length=Length.LONG)
        for take in range(10)
        for at, premise in enumerate(NAMELESS)
    ]


def after(opening: Assignment, path: Sequence[str], mode: Mode, length: Length) -> Assignment:
    """What comes after these passages of the same story."""
    recaps = tuple(" ".join(recap(" ".join(path[: end + 1]))) for end in range(len(path)))
    return replace(
        opening, mode=mode, length=length, path=tuple(path), recaps=recaps, seed=opening.seed + 10
    )


def with_words() -> list[Assignment]:
    """An opening each that is to hold three words, without a premise."""
    return [
        Assignment(mode=Mode.OPEN, seed=seed, words=words, length=Length.LONG)
        for seed in (3, 4, 5)
        for words in WORDS
    ]


def with_moods(openings: Sequence[str]) -> list[Assignment]:
    """The same openings, continued in each mood."""
    return [
        Assignment(mode=Mode.CONTINUE, seed=number, mood=mood, path=(opening,))
        for number, opening in enumerate(openings)
        for mood in MOODS
    ]

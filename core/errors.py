"""Every error Taleturn raises on purpose.

TaleturnError
├── Refusal               what an author asked cannot be; said to them in their language
│   └── StaleAction       the story has moved on since the button was drawn
├── SettingsError         config.toml or the environment; stops the start with the remedy
├── StorageError          the database
│   ├── DatabaseUnavailable    cannot be opened, is locked, or its disk is full
│   └── DatabaseMismatch       its schema is newer or older than this program
├── NarratorError         the language model
│   ├── ModelUnavailable  the files are missing, broken or not what they should be
│   │   └── LoraRefused   a LoRA's are, or it was made for another model; the old one serves on
│   ├── NoLikelihoods     the server it runs on does not tell how likely a text is
│   ├── NarratorAway      the server it runs on does not answer; it will be asked again
│   └── Overloaded        too many are waiting; ask again soon
├── LearningError         a training run, a dataset
│   └── TooLittle         nobody has said enough yet for a run to learn from
└── ImportRefused         a file that is no story of ours
"""


class TaleturnError(Exception):
    """The root. Its text is one clear sentence with the way out."""


class Refusal(TaleturnError):
    """What an author asked cannot be done; nothing was changed.

    `key` names the sentence in the wording catalogues, `values` fill it.
    """

    def __init__(self, key: str, **values: str | int) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class StaleAction(Refusal):
    """The story has moved on since the button was drawn or the turn was opened."""

    def __init__(self) -> None:
        super().__init__("refusal.stale")


class SettingsError(TaleturnError):
    """A setting that cannot work: names the file, the key and the remedy."""


class StorageError(TaleturnError):
    """The database did not do what was asked; the transaction was undone."""


class DatabaseUnavailable(StorageError):
    """It cannot be opened or written: missing folder, lock, full disk, server away."""


class DatabaseMismatch(StorageError):
    """Its schema is newer or older than this program's."""


class NarratorError(TaleturnError):
    """The language model could not write; the turn can be tried again."""


class ModelUnavailable(NarratorError):
    """The model's files are missing, broken, or have another hash than they should."""


class NoLikelihoods(NarratorError):
    """A server does not tell how likely a text is, so texts cannot be compared."""


class NarratorAway(NarratorError):
    """The server the model runs on does not answer, or answers with faults only."""


class LoraRefused(ModelUnavailable):
    """A LoRA is missing, broken or made for another model; what served before still does."""


class Overloaded(NarratorError):
    """Too many assignments are waiting."""


class LearningError(TaleturnError):
    """A training run or a dataset is not what it should be; what is live stays live."""


class TooLittle(LearningError):
    """There is too little feedback to learn from; says how much is missing."""


class ImportRefused(TaleturnError):
    """A file that cannot be imported as a story; says why."""

"""What an operator decides about Discord."""

from dataclasses import dataclass, field

API = "https://discord.com/api/v10"


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """How the bot meets Discord."""

    token: str = field(repr=False)  # the bot's own; never printed
    api_base: str = API  # another one only to watch the bot without Discord
    thread_per_story: bool = False  # /new in a text channel opens a thread for the story
    language: str = "en"  # spoken to people whose own the bot does not know

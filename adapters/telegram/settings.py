"""What an operator sets for Telegram, and how fast the bot may be there."""

from dataclasses import dataclass, field
from typing import Literal

from adapters.pacing import Pace

API = "https://api.telegram.org"


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """The `[telegram]` table, with the token from the environment."""

    token: str = field(repr=False)  # from @BotFather
    api_base: str = API  # another server of the Bot API
    mode: Literal["polling", "webhook"] = "polling"  # ask for updates, or have them pushed
    webhook_url: str = ""  # the public https address that leads to `webhook_listen`
    webhook_listen: str = "127.0.0.1"  # where the bot itself listens, behind a proxy
    webhook_port: int = 8443
    webhook_secret: str = field(default="", repr=False)  # empty: a new one at each start
    language: str = "en"  # spoken to those whose own language the bot does not speak


# Telegram names no hard limits. These are its FAQ's ("My bot is hitting limits"); edits count.
_PRIVATE = Pace(1, 1.0)
_GROUP = Pace(20, 60.0, gap=1.0)
_OVERALL = Pace(28, 1.0)  # of 30: on their way, calls bunch up


@dataclass(frozen=True, slots=True)
class Tempo:
    """How fast the bot may be, and how long it waits; all in seconds.

    What Telegram asks for by `retry_after` comes on top.
    """

    private: Pace = _PRIVATE
    group: Pace = _GROUP
    overall: Pace = _OVERALL
    private_edit: float = 1.0  # between two snapshots of a text being written
    group_edit: float = 3.0
    first_sign: float = 0.7  # until "typing" shows; quick answers need none
    sign: float = 4.5  # between two of them: Telegram clears it after five
    press: float = 3.0  # a pressed button waits no longer for what it has to say
    silence: float = 10.0  # without an answer a call is given up
    # A message whose sending was given up on may still have arrived, and would arrive twice.
    send_silence: float = 45.0
    retry: float = 1.0  # before the first repetition; doubles each time
    most_retry: float = 30.0
    patience: float = 900.0  # so long a final text is tried again and again
    poll: int = 50  # one long poll
    admins: float = 300.0  # who is an admin is asked again after so long
    grace: float = 3.0  # at a shutdown, for turns that are about to end

"""Telegram: groups, topics and private chats, through the Bot API."""

import os

# The library's own way to ask for durations as `timedelta`, and not to be warned of it each time.
os.environ.setdefault("PTB_TIMEDELTA", "1")

"""Who runs a chat: asked of Telegram, and remembered for some minutes."""

import asyncio

from telegram import Bot
from telegram.error import TelegramError

from adapters.telegram.settings import Tempo


class Admins:
    """Knows the administrators of the chats of late."""

    def __init__(self, bot: Bot, tempo: Tempo) -> None:
        self._bot = bot
        self._tempo = tempo
        self._known: dict[int, tuple[float, frozenset[int]]] = {}  # chat: until when, who

    async def know(self, chat: int, user: int) -> bool:
        """Whether somebody may run a group. An admin who writes anonymously is the chat itself."""
        if user == chat:
            return True
        now = asyncio.get_running_loop().time()
        until, admins = self._known.get(chat, (now, frozenset()))
        if until <= now:
            admins = await self._ask(chat)
            self._known = {known: entry for known, entry in self._known.items() if entry[0] > now}
            self._known[chat] = now + self._tempo.admins, admins
        return user in admins

    async def _ask(self, chat: int) -> frozenset[int]:
        try:
            members = await self._bot.get_chat_administrators(chat)
        except TelegramError:  # nobody is, until Telegram can be asked again
            return frozenset()
        return frozenset(member.user.id for member in members)

"""A pressed button: Telegram shows it as pressed until it is answered, once."""

from telegram.constants import CallbackQueryLimit
from telegram.error import TelegramError

from adapters.splitting import utf16
from adapters.telegram.wire import Wire
from core.session.messages import Reply


class Press:
    """The answer that a button press waits for; none waits where nothing was pressed."""

    def __init__(self, wire: Wire, query: str) -> None:
        self._wire = wire
        self._query = query  # empty: it was answered

    async def release(self) -> None:
        """Let the button go, if it still waits. One try: there is nothing to be read in it."""
        if query := self._taken():
            try:
                await self._wire.bot.answer_callback_query(query)
            except TelegramError:
                return

    async def alert(self, text: str) -> bool:
        """Say something to the one who pressed, only. False: nobody waits any more."""
        query = self._taken()
        if not query:
            return False
        bot = self._wire.bot
        try:
            await self._wire.patiently(
                lambda: bot.answer_callback_query(query, text, show_alert=True)
            )
        except TelegramError:  # Telegram forgets a press after some seconds
            return False
        return True

    def _taken(self) -> str:
        query, self._query = self._query, ""
        return query


def as_alert(reply: Reply) -> str:
    """Return a reply as one alert; empty if it is too long or too much for that."""
    text = "\n".join(part for part in (reply.heading, reply.text, reply.note) if part)
    most = CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH
    too_much = reply.actions or reply.media or reply.asks or utf16(text) > most
    return "" if too_much else text

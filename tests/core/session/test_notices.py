from contextlib import aclosing

from core.session.messages import Notice, Place, Reply
from core.session.notices import Board
from tests.stage import Stage


async def test_a_notice_reaches_its_own_platform_in_order():
    board = Board()
    telegram = [Notice(Place("telegram", "1"), Reply(text)) for text in ("one", "two")]
    for notice in (telegram[0], Notice(Place("discord", "1"), Reply("other")), telegram[1]):
        board.post(notice)
    async with aclosing(board.notices("telegram")) as notices:
        assert [await anext(notices), await anext(notices)] == telegram


async def test_the_engine_hands_out_its_boards_notices(stage: Stage):
    notice = Notice(stage.place, Reply("hello"))
    stage.engine._board.post(notice)
    async with aclosing(stage.engine.notices("test")) as notices:
        assert await anext(notices) == notice

"""What a story's turns tell about its passages, without anybody being asked."""

from tests.stage import Stage


async def test_a_retry_is_kept_as_a_weak_no_to_the_take_before(stage: Stage) -> None:
    first = await stage.ask("/new a lamp")
    second = await stage.ask("/retry")
    third = await stage.ask("/retry")
    with stage.library.begin() as tx:
        choices = tx.glean().choices
    assert [(choice.how, choice.winner, choice.loser) for choice in choices] == [
        ("retry", second.passage, first.passage),
        ("retry", third.passage, second.passage),
    ]


async def test_an_edit_is_kept_with_how_far_it_went(stage: Stage) -> None:
    await stage.ask("/say The lamp was lit.")
    old = await stage.ask("/show")
    new = await stage.ask("/edit The lamp was out.")
    with stage.library.begin() as tx:
        (rewriting,) = tx.glean().rewritings
    assert (rewriting.old, rewriting.passage) == (old.passage, new.passage)
    assert rewriting.distance == 0.25

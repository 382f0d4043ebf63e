"""A narrator elsewhere: its server fails in every way there is, and the story goes on."""

import asyncio
import logging
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from core.errors import (
    LoraRefused,
    ModelUnavailable,
    NarratorAway,
    NarratorError,
    NoLikelihoods,
    Overloaded,
)
from core.narrator.faults import Patience
from core.narrator.narrator import BASE
from core.narrator.remote import RemoteNarrator, RemoteSettings
from tests.contracts.narrator_contract import TOLD, passage, snapshots
from tests.servers.completions import CompletionsServer, Fault

QUICK = Patience(timeout=0.5, retries=3, pause=0.01, breaker=4, rest=0.2)


@pytest.fixture
async def server(speaking: Path) -> AsyncIterator[CompletionsServer]:
    async with CompletionsServer(speaking) as server:
        yield server
        assert server.breaches == []


@asynccontextmanager
async def asking(server: CompletionsServer, **changes: object) -> AsyncIterator[RemoteNarrator]:
    settings = RemoteSettings(
        url=server.url, model=server.model_name, window=256, patience=QUICK, drain_seconds=0.2
    )
    narrator = RemoteNarrator(replace(settings, **changes))  # type: ignore[arg-type]  # each test knows
    yield narrator
    await narrator.close()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=429, retry_after="0.02"),
        Fault(status=429, retry_after="Tue, 24 Nov 2026 00:00:00 GMT"),
        Fault(status=500, times=3),
        Fault(status=503, times=2),
        Fault(cut=True),
        Fault(cut=True, after=9),
        Fault(cut=True, after=9, times=3),
        Fault(silence=True, after=5),
        Fault(garbage=True, after=5),
        Fault(error=True, after=5),
        Fault(unended=True, after=5),
    ],
    ids=str,
)
async def test_a_passage_is_written_to_its_end_whatever_the_server_does(
    server: CompletionsServer, fault: Fault
) -> None:
    server.faults.append(replace(fault))
    async with asking(server) as narrator:
        *growing, last = await snapshots(narrator, TOLD)
    assert not server.faults
    assert all(longer.startswith(text) for text, longer in pairwise(growing))
    assert last.startswith(growing[-1]) or growing[-1].startswith(last.rstrip('"'))
    assert last.endswith((".", "!", "?", '"'))


async def test_a_broken_stream_is_taken_up_where_it_broke_off(server: CompletionsServer) -> None:
    server.faults.append(Fault(cut=True, after=20))
    async with asking(server) as narrator:
        last = await passage(narrator, TOLD)
    first, second, *_ = (ask["prompt"] for ask in server.asked)
    assert second.startswith(first)
    assert last.startswith(second.removeprefix(first))
    assert len(second) > len(first) + 10


async def test_a_server_that_comes_back_is_waited_for(server: CompletionsServer) -> None:
    async with asking(server, patience=replace(QUICK, pause=0.2)) as narrator:
        async with aclosing(narrator.write(TOLD)) as texts:
            text = await anext(texts)
            await server.restart()
            async for longer in texts:
                text = longer
        assert text.endswith((".", "!", "?", '"'))


async def test_a_dead_server_is_said_and_then_left_alone_until_it_is_back(
    server: CompletionsServer,
) -> None:
    server.faults.append(Fault(status=502, times=4))
    async with asking(server) as narrator:
        with pytest.raises(NarratorAway, match="status 502"):
            await passage(narrator, TOLD)
        asked = len(server.asked)
        with pytest.raises(NarratorAway, match="will be asked again in"):
            await passage(narrator, TOLD)
        assert len(server.asked) == asked
        await asyncio.sleep(QUICK.rest)
        assert await passage(narrator, TOLD)
        assert await passage(narrator, TOLD)


async def test_a_server_that_is_not_there_is_away(server: CompletionsServer) -> None:
    async with asking(server, url="http://127.0.0.1:9/v1") as narrator:
        with pytest.raises(NarratorAway, match="cannot be reached"):
            await narrator.ready()
        with pytest.raises(NarratorAway, match="cannot be reached"):
            await passage(narrator, TOLD)


async def test_a_server_with_too_much_to_do_is_overloaded(server: CompletionsServer) -> None:
    server.faults.append(Fault(status=429, times=4))
    async with asking(server) as narrator:
        with pytest.raises(Overloaded, match="too much to do"):
            await passage(narrator, TOLD)


async def test_a_refused_request_is_said_at_once(server: CompletionsServer) -> None:
    server.faults.append(Fault(status=422))
    async with asking(server) as narrator:
        with pytest.raises(NarratorError, match=r"refuses what it is asked: .*Something is wrong"):
            await passage(narrator, TOLD)
    assert len(server.asked) == 1


async def test_a_wrong_key_is_said_and_never_shown(
    speaking: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with CompletionsServer(speaking, key="right") as server:
        async with asking(server, key="sk-hush") as narrator:
            for asked in (narrator.ready(), passage(narrator, TOLD)):
                with pytest.raises(ModelUnavailable, match="TALETURN_OPENAI_KEY") as caught:
                    await asked
                assert "hush" not in str(caught.value)
        async with asking(server, key="right") as narrator:
            await narrator.ready()
            assert await passage(narrator, TOLD)
    assert "hush" not in caplog.text
    assert "hush" not in repr(RemoteSettings("http://x/v1", "x", key="sk-hush"))


async def test_a_model_that_the_server_has_not_is_named(server: CompletionsServer) -> None:
    async with asking(server, model="gpt-2-huge") as narrator:
        with pytest.raises(ModelUnavailable, match=r"serves speaking0 and no 'gpt-2-huge'"):
            await narrator.ready()
        with pytest.raises(ModelUnavailable, match=r"no such model.*openai\.model"):
            await passage(narrator, TOLD)


async def test_a_prompt_that_is_longer_than_was_thought_is_halved(
    speaking: Path, tmp_path: Path
) -> None:
    wide = tmp_path / "wide"
    shutil.copytree(speaking, wide)
    weights = load_file(wide / "model.safetensors")
    places = weights["transformer.wpe.weight"]
    weights["transformer.wpe.weight"] = places.repeat(4, 1)
    save_file(weights, wide / "model.safetensors")
    long = "An elephant wandered through enormous gardens between mountains and kingdoms. "
    story = (long,) * 40
    async with CompletionsServer(wide) as server, asking(server, window=1024) as narrator:
        server.model.window = 1024
        assert await passage(narrator, replace(TOLD, path=story, recaps=story))
        sizes = [len(ask["prompt"]) for ask in server.asked]
    assert sizes[0] > 1.5 * sizes[-1]


async def test_a_server_that_finds_every_prompt_too_long_is_told_of(
    server: CompletionsServer,
) -> None:
    server.model.window = 20
    async with asking(server, window=512) as narrator:
        with pytest.raises(NarratorError, match="every prompt too long"):
            await passage(narrator, TOLD)
        with pytest.raises(NarratorError, match="too long"):
            await narrator.score(TOLD, ["The shell sang."])


async def test_what_somebody_types_commands_no_tokenizer(server: CompletionsServer) -> None:
    nasty = "She wrote <|endoftext|> and </s> and [INST] and <3 on the wall."
    async with asking(server) as narrator:
        await passage(narrator, replace(TOLD, path=(nasty,), recaps=("",), premise=nasty))
    prompt = server.asked[0]["prompt"]
    assert "< |endoftext|>" in prompt
    assert "<3" in prompt
    assert not any(command in prompt for command in ("<|", "</", "[INST"))


async def test_banned_words_are_barred_where_the_tokens_are_known(
    server: CompletionsServer, speaking: Path
) -> None:
    wanted = replace(TOLD, banned=("Mara", "the lamp"))
    async with asking(server, tokenizer=speaking) as narrator:
        await passage(narrator, wanted)
    assert set(server.asked[0]["logit_bias"].values()) == {-100}
    assert all(isinstance(token, int) for token in server.asked[0]["prompt"])
    async with asking(server) as narrator:
        await passage(narrator, wanted)
    assert "logit_bias" not in server.asked[-1]


async def test_a_server_without_likelihoods_says_what_cannot_be_had(speaking: Path) -> None:
    async with (
        CompletionsServer(speaking, likelihoods=False) as server,
        asking(server) as narrator,
    ):
        with pytest.raises(NoLikelihoods, match="does not tell how likely a text is"):
            await narrator.score(TOLD, ["The shell sang."])


async def test_scores_survive_faults_too(server: CompletionsServer) -> None:
    async with asking(server) as narrator:
        before = await narrator.score(TOLD, ["The shell sang."])
        server.faults.extend([Fault(status=500), Fault(cut=True)])
        assert await narrator.score(TOLD, ["The shell sang."]) == before
        server.faults.append(Fault(status=500, times=9))
        with pytest.raises(NarratorAway):
            await narrator.score(TOLD, ["The shell sang."])


async def test_a_lora_is_a_model_of_that_name(server: CompletionsServer, tmp_path: Path) -> None:
    server.loras = ["first", "second"]
    async with asking(server) as narrator:
        await narrator.use(tmp_path / "first")
        assert narrator.lora == "first"
        with pytest.raises(LoraRefused, match="serves speaking0, first, second and no 'third'"):
            await narrator.use(tmp_path / "third")
        for lora in ("", str(tmp_path / "second"), BASE):
            await passage(narrator, replace(TOLD, lora=lora))
        await narrator.use(None)
        assert narrator.lora is None
        await passage(narrator, TOLD)
    models = dict.fromkeys(ask["model"] for ask in server.asked)
    assert list(models) == ["first", "second", "speaking0"]


async def test_who_stops_reading_frees_the_server(server: CompletionsServer) -> None:
    async with asking(server) as narrator:
        async with aclosing(narrator.write(TOLD)) as texts:
            await anext(texts)
        for _ in range(100):
            await asyncio.sleep(0.01)
            if server.given_up:
                break
    assert server.given_up == 1


async def test_a_passage_in_hand_is_finished_before_the_end(server: CompletionsServer) -> None:
    async with asking(server, drain_seconds=30) as narrator:
        async with aclosing(narrator.write(TOLD)) as texts:
            text = await anext(texts)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(narrator.close())
                async for longer in texts:
                    text = longer
        assert text.endswith((".", "!", "?", '"'))


async def test_what_is_not_finished_in_time_is_given_up(server: CompletionsServer) -> None:
    server.faults.append(Fault(silence=True, after=5))
    async with (
        asking(server, patience=replace(QUICK, timeout=30)) as narrator,
        aclosing(narrator.write(TOLD)) as texts,
        asyncio.TaskGroup() as tasks,
    ):
        await anext(texts)
        tasks.create_task(narrator.close())
        with pytest.raises(NarratorError, match="closed while it wrote"):
            async for _ in texts:
                pass


async def test_without_the_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "core.narrator.completions", raising=False)
    monkeypatch.setitem(sys.modules, "openai", None)
    narrator = RemoteNarrator(RemoteSettings("http://127.0.0.1:9/v1", "x"))
    with pytest.raises(ModelUnavailable, match=r'pip install "taleturn\[openai\]"'):
        await narrator.ready()
    await narrator.close()


def test_a_narrator_elsewhere_needs_no_torch_here() -> None:
    asked = (
        "import asyncio, sys; "
        "from core.narrator.remote import RemoteNarrator, RemoteSettings; "
        "from core.narrator.narrator import Assignment, Mode; "
        "told = RemoteNarrator(RemoteSettings('http://127.0.0.1:9/v1', 'x')); "
        "print(asyncio.run(told.fit(Assignment(Mode.OPEN, seed=1, premise='A shell'))).used > 0, "
        "'torch' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["True", "False"]

"""`taleturn serve` with real replicas: they are asked, swapped, killed and drained."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from core.errors import LoraRefused, NarratorAway
from core.narrator.faults import Patience
from core.narrator.narrator import Assignment
from core.narrator.served import ServedNarrator, ServedSettings
from core.story.model import Length
from tests.contracts.lora_contract import LoraContract
from tests.contracts.narrator_contract import TOLD, NarratorContract, passage

pytestmark = [
    pytest.mark.ray,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: make test-ray"),
]
PATIENT = Patience(timeout=20, retries=8, pause=0.2)
REPLICAS = 2


@dataclass
class Served:
    url: str
    process: subprocess.Popen[bytes]

    def pids(self) -> set[int]:
        """The processes of the replicas that answer."""
        return {
            httpx.post(f"{self.url}/about", content="{}", trust_env=False).json()["process"]
            for _ in range(16)
        }

    def narrator(self, **changes: object) -> ServedNarrator:
        settings = ServedSettings(self.url, "speaking", PATIENT)
        return ServedNarrator(replace(settings, **changes))  # type: ignore[arg-type]  # each test knows


def started(model: Path, folder: Path) -> Served:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    config = folder / "config.toml"
    config.write_text(
        f'[narrator]\nmodel = "{model}"\ndevice = "cpu"\nprecision = "fp32"\ndrain_seconds = 20.0\n'
        f'[ray]\nurl = "{url}"\nreplicas = {REPLICAS}\n'
    )
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--config", str(config)], stdout=log, stderr=log
    )
    log.close()
    served = Served(url, process)
    for _ in range(240):
        assert process.poll() is None, (folder / "log").read_text()
        try:
            if httpx.post(f"{url}/about", content="{}", trust_env=False).is_success:
                return served
        except httpx.HTTPError:
            pass
        served.process.poll()
        _wait(0.5)
    raise AssertionError((folder / "log").read_text())


def _wait(seconds: float) -> None:
    asyncio.run(asyncio.sleep(seconds))


@pytest.fixture(scope="module")
def served(speaking: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = started(speaking, tmp_path_factory.mktemp("served"))
    yield served
    served.process.terminate()
    assert served.process.wait(60) == 0


@pytest.fixture
async def narrator(served: Served) -> AsyncIterator[ServedNarrator]:
    narrator = served.narrator()
    yield narrator
    await narrator.close()
    plain = served.narrator()
    await plain.use(None)
    await plain.close()


class TestReplicas(NarratorContract, LoraContract):
    pass


async def test_there_are_as_many_replicas_as_were_asked_for(
    served: Served, narrator: ServedNarrator, speaking: Path
) -> None:
    await narrator.ready()
    assert (narrator.model, narrator.lora) == (speaking.name, None)
    assert len(await asyncio.to_thread(served.pids)) == REPLICAS


async def test_it_listens_on_loopback_alone(served: Served) -> None:
    port = httpx.URL(served.url).port
    listening = Path("/proc/net/tcp").read_text().splitlines()  # noqa: ASYNC240  # no disk is read
    here = [line.split()[1] for line in listening if line.split()[3] == "0A"]
    assert [one for one in here if one.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


async def test_a_lora_is_used_by_all_replicas_and_taken_off_again(
    narrator: ServedNarrator, loras: list[Path]
) -> None:
    before = await several(narrator)
    assert len(set(before)) == 1
    await narrator.use(loras[0])
    changed = await several(narrator)
    assert len(set(changed)) == 1
    assert changed[0] != before[0]
    with pytest.raises(LoraRefused):
        await narrator.use(Path("/nowhere"))
    assert await several(narrator) == changed
    await narrator.use(None)
    assert await several(narrator) == before


async def test_a_replica_that_is_killed_loses_no_passage(
    served: Served, narrator: ServedNarrator
) -> None:
    undisturbed = await passage(narrator, TOLD)
    wanted = [replace(TOLD, seed=seed) for seed in range(12)]
    alone = [await passage(narrator, each) for each in wanted]
    for pid in await asyncio.to_thread(served.pids):  # the second one while the first comes back
        async with asyncio.TaskGroup() as tasks:
            written = [tasks.create_task(interrupted(narrator, each)) for each in wanted]
            await asyncio.sleep(0.05)
            os.kill(pid, signal.SIGKILL)
        assert [task.result() for task in written] == alone
    assert await passage(narrator, TOLD) == undisturbed


async def test_a_killed_replica_comes_back_with_the_live_lora(
    served: Served, narrator: ServedNarrator, loras: list[Path]
) -> None:
    await narrator.use(loras[1])
    before = await several(narrator)
    old = await asyncio.to_thread(served.pids)
    os.kill(next(iter(old)), signal.SIGKILL)
    for _ in range(120):
        await asyncio.sleep(0.5)
        if len(new := await asyncio.to_thread(served.pids)) == REPLICAS and new != old:
            break
    else:
        pytest.fail("It did not come back.")
    assert await several(narrator) == before
    await narrator.use(None)


async def several(narrator: ServedNarrator) -> list[str]:
    """The same assignment often enough to reach every replica."""
    return await asyncio.gather(*(passage(narrator, TOLD) for _ in range(12)))


async def interrupted(narrator: ServedNarrator, wanted: Assignment) -> str:
    text = ""
    async with aclosing(narrator.write(wanted)) as texts:
        async for text in texts:  # noqa: B007  # the last one counts
            await asyncio.sleep(0.01)
    return text


async def test_what_is_in_hand_is_finished_when_it_is_told_to_stop(
    speaking: Path, tmp_path: Path
) -> None:
    served = await asyncio.to_thread(started, speaking, tmp_path)
    narrator = served.narrator(patience=replace(PATIENT, retries=0))
    wanted = [replace(TOLD, seed=seed, length=Length.LONG) for seed in range(24)]
    alone = [await passage(narrator, each) for each in wanted]
    async with asyncio.TaskGroup() as tasks:
        written = [tasks.create_task(interrupted(narrator, each)) for each in wanted]
        await asyncio.sleep(0.1)
        served.process.terminate()
    assert [task.result() for task in written] == alone
    assert await asyncio.to_thread(served.process.wait, 60) == 0
    with pytest.raises(NarratorAway):
        await passage(narrator, TOLD)
    await narrator.close()


def test_a_model_that_cannot_be_loaded_is_said_at_once(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[narrator]\nmodel = "./nowhere"\n')
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "serve", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "narrator.model names a folder that is not there" in ended.stderr

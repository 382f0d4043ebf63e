"""Peers of the narrator, each in a virtual environment and a process of its own."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_HERE = Path(__file__).parent
_MADE = _HERE.parents[1] / ".venv" / "peers"
PEERS = {
    "OpenVINO GenAI": (
        "openvino_genai",
        ("openvino-genai==2026.4.1.0", "safetensors==0.8.0", "transformers==5.23.0"),
    ),
    "CTranslate2": ("ctranslate2", ("ctranslate2", "safetensors==0.8.0", "transformers==5.23.0")),
}


class PeerMissingError(Exception):
    """A peer cannot be had here; says why."""


class Peer:
    """A peer that is asked line by line."""

    def __init__(self, name: str, folder: Path, threads: int) -> None:
        """Raises PeerMissingError."""
        script, needs = PEERS[name]
        asked = [_python(script, needs), _HERE / "peers" / f"peer_{script}.py", folder]
        self._name = name
        self._errors = (_MADE / script / "errors.txt").open("w+")
        self._process = subprocess.Popen(
            [*map(str, asked), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def speed(self, prompts: Sequence[tuple[int, ...]]) -> float:
        """New tokens a second."""
        return float(self._ask("speed", prompts))

    def nats(self, ids: tuple[int, ...]) -> float:
        """What the tokens of a text take, without the first."""
        return float(self._ask("nats", ids))

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()
        self._errors.close()

    def _ask(self, name: str, argument: object) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, argument]) + "\n")
        self._process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            raise PeerMissingError(self._errors.read().strip().rpartition("\n")[2])
        return str(json.loads(line))


def _python(script: str, needs: Sequence[str]) -> Path:
    """The interpreter of a peer's environment, made when it is first needed."""
    folder = _MADE / script
    python = folder / "bin" / "python"
    done = folder / "needs.txt"
    if not done.exists() or done.read_text() != "\n".join(needs):
        for asked in (
            [sys.executable, "-m", "venv", folder],
            [python, "-m", "pip", "install", "--quiet", *needs],
        ):
            found = subprocess.run(
                list(map(str, asked)), check=False, capture_output=True, text=True
            )
            if found.returncode:
                raise PeerMissingError(found.stderr.strip().rpartition("\n")[2])
        done.write_text("\n".join(needs))
    return python

"""What a person at the terminal waits for, and what it takes: `taleturn play` on a pseudo-terminal.

    python -m tests.benchmarks.bench_play [--runs N]

Measures the time from the start to the first prompt, from Enter after `/continue` to the first text
when the opening has been read, and the most memory the process held. Prints a table and writes
results/play.json beside this file. It needs a POSIX system.
"""

import argparse
import json
import os
import pty
import re
import select
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.machine import circumstances

RESULTS = Path(__file__).parent / "results" / "play.json"
PROMPT = re.compile(r"> $")
GROWING = re.compile("▌")  # the cursor behind a text that is being written
LONGEST = 60.0  # seconds to wait for anything
READING = 8.0  # seconds in which somebody reads how their story begins
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Measured:
    """One session."""

    prompt_seconds: float
    first_text_seconds: float
    most_megabytes: float


class Terminal:
    """A `taleturn play` on a pseudo-terminal."""

    def __init__(self, folder: str) -> None:
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
            play = [sys.executable, "-m", "bot", "play", "--data", folder]
            os.execv(sys.executable, play)  # noqa: S606  # a shell would only add its own time
        self.read = ""

    def wait_for(self, what: re.Pattern[str]) -> float:
        """Read until it is on the screen; return the seconds that took."""
        start = time.perf_counter()
        while not what.search(_CONTROL.sub("", self.read)):
            ready, _, _ = select.select([self._file], [], [], LONGEST)
            if not ready:
                raise TimeoutError(f"{what.pattern} did not come after {self.read!r}")
            self.read += os.read(self._file, 65536).decode(errors="replace")
        return time.perf_counter() - start

    def type(self, line: str) -> None:
        """Type a line and Enter; what was on the screen before counts no more."""
        self.read = ""
        os.write(self._file, f"{line}\n".encode())

    def most_megabytes(self) -> float:
        """Return the most memory it held so far."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    def end(self) -> None:
        """Leave as a person does."""
        self.type("/quit")
        os.waitpid(self.pid, 0)
        os.close(self._file)


def session(folder: str) -> Measured:
    """Begin a story, then let the narrator go on once more."""
    terminal = Terminal(folder)
    prompt = terminal.wait_for(PROMPT)
    terminal.type("/new A lighthouse keeper finds a shell that sings")
    terminal.wait_for(PROMPT)
    time.sleep(READING)
    terminal.type("/continue")
    first_text = terminal.wait_for(GROWING)
    terminal.wait_for(PROMPT)
    measured = Measured(round(prompt, 3), round(first_text, 3), round(terminal.most_megabytes(), 1))
    terminal.end()
    return measured


def main() -> None:
    """Measure some sessions, print the medians, write them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with TemporaryDirectory() as folder:
        session(f"{folder}/warm")  # the first one reads the files from the disk
        found = [session(f"{folder}/{run}") for run in range(runs)]
    print(f"first prompt   {median(one.prompt_seconds for one in found):.2f} s")
    print(f"first text     {median(one.first_text_seconds for one in found):.2f} s")
    print(f"most memory    {max(one.most_megabytes for one in found):.0f} MB")
    facts = {
        **circumstances(),
        "sessions": [asdict(one) for one in found],
    }
    RESULTS.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()

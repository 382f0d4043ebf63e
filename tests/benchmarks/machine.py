"""When and on what a benchmark was run, as its JSON tells."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


def circumstances() -> dict[str, str]:
    """The time, the machine and Python's version."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {_processor()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    """What it calls itself, where the system tells."""
    lines = _CPUINFO.read_text().splitlines() if _CPUINFO.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(named), "") or platform.processor() or "an unknown processor"

"""Logs: one line each, for people or for programs, with every secret struck out."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from structlog.typing import Processor

# They tell every request and packet at INFO, addresses with tokens in them included.
_TALKATIVE = ("httpx", "httpcore", "discord", "telegram", "apscheduler", "alembic", "urllib3")
_STRUCK_OUT = "***"


def to_stream(
    format: Literal["console", "json"],  # noqa: A002  # the setting's name
    level: str,
    secrets: Sequence[str],
    stream: TextIO = sys.stderr,
) -> None:
    """Log to a stream, as `taleturn run` does."""
    import structlog  # noqa: PLC0415  # 0.15 s that `taleturn play` need not wait for

    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor]
    # Both would show the local variables of a traceback, and with them what people wrote.
    if format == "json":
        bare = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        last = [structlog.processors.ExceptionRenderer(bare), structlog.processors.JSONRenderer()]
    else:
        plain = structlog.dev.plain_traceback
        colors = stream.isatty()
        last = [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    written = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    _install(logging.StreamHandler(stream), _Discreet(written, secrets), level)


def to_file(path: Path) -> None:
    """Log warnings and worse to a file, which is made when there is something to tell."""
    written = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    _install(logging.FileHandler(path, encoding="utf-8", delay=True), written, "warning")


def _install(handler: logging.Handler, formatter: logging.Formatter, level: str) -> None:
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


class _Discreet(logging.Formatter):
    """Strikes out secrets in whatever another formatter wrote, tracebacks included."""

    def __init__(self, written: logging.Formatter, secrets: Sequence[str]) -> None:
        super().__init__()
        self._written = written
        self._secrets = sorted(secrets, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line = self._written.format(record)
        for secret in self._secrets:
            line = line.replace(secret, _STRUCK_OUT)
        return line

"""LoRAs as files: kept whole or not at all, with their hashes, and checked before they are used."""

import errno
import hashlib
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.errors import LearningError, LoraRefused
from core.learning.plan import Trained
from core.learning.whole import take_place
from core.storage.loras import Lora

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
HEAD = "discriminator.safetensors"
SUMS = "SHA256SUMS"
_PACKAGES = ("taleturn", "torch", "transformers", "peft", "trl", "accelerate", "datasets")


def sha256(file: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def keep(trained: Trained, folder: Path) -> str:
    """Put what was trained into its own folder, all at once; return the hash of its weights."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        _copy(trained, part)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    take_place(part, folder)
    return sha256(folder / WEIGHTS)


def _copy(trained: Trained, part: Path) -> None:
    for name in (CONFIG, WEIGHTS):
        shutil.copyfile(trained.folder / name, part / name)
    if trained.discriminator is not None:
        shutil.copyfile(trained.discriminator, part / HEAD)
    lines = [f"{sha256(file)}  {file.name}\n" for file in sorted(part.iterdir())]
    (part / SUMS).write_text("".join(lines), encoding="utf-8")
    _onto_disk(part)


def _onto_disk(folder: Path) -> None:
    """Have the disk hold the files before a name promises that they are whole."""
    for file in folder.iterdir():
        with file.open("rb") as content:
            os.fsync(content.fileno())


def check(lora: Lora, data: Path) -> Path:
    """The folder of a LoRA whose files are what the registry says. Raises LoraRefused."""
    folder = data / lora.folder
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise LoraRefused(
            f"The files of {lora.name} are not in {folder}; put them back from a backup, or let "
            "`taleturn loras rollback` bring the one before."
        )
    if sha256(weights) != lora.hash:
        raise LoraRefused(
            f"{weights} is not the file that was measured as {lora.name}: its hash differs. Put it "
            "back from a backup, or let `taleturn loras rollback` bring the one before."
        )
    return folder


def stamp(lora: Lora, data: Path) -> tuple[int, int] | None:
    """What tells that a LoRA's file was not touched since: time and size; None: it is not there."""
    try:
        found = (data / lora.folder / WEIGHTS).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def sweep(data: Path) -> None:
    """Remove what a killed run left half written; only the one that holds the lease may."""
    halves = [
        *(data / "datasets").glob(".*.part"),
        *(data / "loras").glob(".*.part"),
        *(data / "runs").rglob(".*.part"),
        *(data / "runs").rglob("*.writing"),
    ]
    for half in halves:
        if half.is_dir():
            shutil.rmtree(half)
        else:
            half.unlink()


def environment() -> dict[str, str]:
    """What a run computed with: versions and the kind of machine."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


@contextmanager
def room_to_write(folder: Path) -> Iterator[None]:
    """Turn a full or broken disk into one clear line."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        reason = "the disk is full; free some space" if full else (error.strerror or str(error))
        raise LearningError(
            f"The run could not write below {folder}: {reason}. What is live stays live."
        ) from error

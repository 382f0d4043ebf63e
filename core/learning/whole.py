"""Folders that are there whole or not at all, whenever a process is killed."""

import shutil
from pathlib import Path


def take_place(part: Path, folder: Path) -> None:
    """Have a finished folder take the place of an older one, which is never half there.

    Deleting it first would leave half of it under its name if the process were killed meanwhile.
    """
    old = folder.with_name(f".{folder.name}.old.part")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    part.replace(folder)
    shutil.rmtree(old, ignore_errors=True)

"""Files: what the bot hands over in a terminal is written into a folder, over nothing."""

from pathlib import Path


def keep(name: str, content: bytes, folder: Path) -> Path:
    """Write a file and return its path; where the name is taken, "name-2" and so on. OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = Path(Path(name).name)
    path, number = folder / plain, 1
    while not _written(path, content):
        number += 1
        path = folder / f"{plain.stem}-{number}{plain.suffix}"
    return path


def _written(path: Path, content: bytes) -> bool:
    """Write a new file whole or not at all; False: there is one of this name."""
    try:
        file = path.open("xb")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(content)
    except OSError:
        path.unlink()
        raise
    return True

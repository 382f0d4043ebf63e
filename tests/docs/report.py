"""Takes the picture of a run's report, as a browser shows it.

    make demo-learning ARGS="--keep DIR"
    python -m tests.docs.report DIR/runs/1/evaluation/report.html

Needs Chromium (Debian: `apt-get install chromium`). Writes report.png beside this file.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

PICTURE = Path(__file__).parent / "report.png"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_SIZE = (1040, 1830)  # from the verdict to what was measured; the page goes on
_COLOURS = 256


def taken(page: Path, browser: str) -> Image.Image:
    """What the browser shows of the page's beginning."""
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *(f"--window-size={_SIZE[0]},{_SIZE[1]}", f"--screenshot={shot}"),
                page.resolve().as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        with Image.open(shot) as image:
            return image.convert("RGB").quantize(_COLOURS)


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    page = parser.parse_args().page
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"None of {', '.join(_BROWSERS)} is here.")
    taken(page, browser).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()

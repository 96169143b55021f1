"""Copy the pictures of the tutorial from a finished demo: `python docs/copy_pictures.py results/demo`.

A picture that the session does not have stays as it is.
"""

import sys
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parent / "images"
PICTURES = {
    "tutorial-choice": "figures/chosen-fields.png",
    "tutorial-distortion": "figures/distortion-map.png",
    "tutorial-lines": "figures/series/slow/lines.png",
}
WIDTH_PX, COLOURS = 1000, 64


def main(results: Path) -> None:
    """Write the pictures, smaller and with fewer colours."""
    for name, source in PICTURES.items():
        if (results / source).is_file():
            image = Image.open(results / source).convert("RGB")
            image.thumbnail((WIDTH_PX, WIDTH_PX))
            image.quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))

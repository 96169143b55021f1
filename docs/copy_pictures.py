"""Copy the pictures of the README and of the tutorial from a finished demo: `.venv/bin/python docs/copy_pictures.py results/demo`.

A picture that the session does not have stays as it is; `hard.png` is of another session and stays too.
"""

import sys
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parent / "images"
PICTURES = {
    "filters": "figures/test-40/filters.png",
    "projections": "figures/series/rapid-dlf-slow/projections.png",
    "tutorial-drift": "figures/test-40/drift.png",
    "tutorial-distortion": "figures/distortion-map.png",
    "tutorial-superposition": "figures/superposition.png",
    "tutorial-choice": "figures/chosen-fields.png",
    "tutorial-losses": "figures/losses.png",
    "tutorial-angles": "figures/series/rapid-dlf-slow/angles.png",
    "tutorial-binary": "figures/series/rapid-dlf-slow/binary.png",
    "tutorial-lines": "figures/series/rapid-dlf-slow/lines.png",
    "tutorial-line-differences": "figures/series/rapid-dlf-slow/line-differences.png",
}
# All of them together are below 1 MB; the palette covers rare colours too, such as that of one line in a plot.
WIDTH_PX, COLOURS = 900, 128


def main(results: Path) -> None:
    """Write the pictures, smaller and with fewer colours."""
    for name, source in PICTURES.items():
        if (results / source).is_file():
            image = Image.open(results / source).convert("RGB")
            image.thumbnail((WIDTH_PX, 2 * WIDTH_PX))
            image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/demo"))

"""The image in which jobs run where Snakemake is asked for Apptainer."""

import os
from pathlib import Path

from rapidstem.errors import InputError

VARIABLE = "RAPIDSTEM_IMAGE"


def container_image(repository: Path) -> str:
    """Path or address of the image: `containers/rapidstem.sif` beside the code, or what RAPIDSTEM_IMAGE names.

    Parameters
    ----------
    repository
        Folder of the code.

    Raises
    ------
    InputError
        where the image has not been built, or its path has blanks, which Snakemake does not allow.
    """
    image = os.environ.get(VARIABLE) or str(repository / "containers/rapidstem.sif")
    if "://" not in image and not Path(image).is_file():
        raise InputError(
            f"{image}: there is no such image; build it in the repository's folder (apptainer build containers/rapidstem.sif "
            f"containers/rapidstem.def), or name another with the environment variable {VARIABLE}"
        )
    if " " in image:
        raise InputError(f"{image}: Snakemake allows no blanks in the path of an image; put it elsewhere and name it with {VARIABLE}")
    return image

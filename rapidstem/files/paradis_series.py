"""Lines that change in time as snapshots in ParaDiS' format, one file a moment."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rapidstem.files.paradis_files import write_paradis
from rapidstem.files.tables import write_table

Snapshot = tuple[int, float, Sequence[np.ndarray], np.ndarray]


def write_paradis_series(path: Path | str, snapshots: Iterable[Snapshot], box_nm: np.ndarray) -> None:
    """Write polylines at several times; the table that names the files is written last.

    Parameters
    ----------
    path
        Table to write, `.csv`: `frame, time_s, file`; the files, named as ParaDiS names its restart files (`rs00000.data`), come into a
        folder of the same name without the suffix, which is emptied before.
    snapshots : iterable of (frame, time, polylines, plane normals)
        Times in seconds; the others as for `rapidstem.files.paradis_files.write_paradis`.
    box_nm : ndarray (2, 3)
        Lowest and highest x, y, z of all snapshots.
    """
    path = Path(path)
    folder = path.with_suffix("")
    path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    rows = []
    for frame, time_s, polylines, normals in snapshots:
        name = f"rs{frame:05d}.data"
        nodes = [(2 * number, 2 * number + 1) for number in range(len(polylines))]
        write_paradis(folder / name, polylines, nodes, normals, box_nm)
        rows.append((frame, time_s, f"{folder.name}/{name}"))
    write_table(path, pd.DataFrame(rows, columns=["frame", "time_s", "file"]))

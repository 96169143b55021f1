"""Which line of one tomogram is which line of another."""

import numpy as np
import pandas as pd

from rapidstem.scores.line_identity import LineIdentity

LEAST_COMMON_NM = 30.0
PAIR_COLUMNS = [
    *["variant", "line", "against", "against_line", "common_nm", "covered_percent", "against_covered_percent", "distance_nm", "same"],
]


def paired_lines(identity: LineIdentity, variant: str, against: str) -> pd.DataFrame:
    """List the lines of one tomogram with those of another that they share a course with.

    Parameters
    ----------
    identity : LineIdentity
        The variant's lines (`traced`) compared with the other's (`reference`).
    variant, against : str
        Names of the two.

    Returns
    -------
    DataFrame
        One row for every two lines that run within 20 nm of each other over 30 nm or more: their numbers as in `lines.csv`, the common
        length (measured on the variant's line), the share of each that the other covers, the mean distance over the common length, and
        whether they are one to one (`same`). A line with no partner has a row of its own, its partner's number and all else empty.
    """
    numbers, others = identity.traced.numbers, identity.reference.numbers
    shared = identity.real_nm >= LEAST_COMMON_NM
    rows = [
        {
            "line": numbers[line],
            "against_line": others[other],
            "common_nm": identity.real_nm[line, other],
            "covered_percent": 100.0 * identity.real_nm[line, other] / identity.traced.lengths_nm[line],
            "against_covered_percent": 100.0 * identity.found_nm[other, line] / identity.reference.lengths_nm[other],
            "distance_nm": identity.distance_nm[line, other],
            "same": identity.same[other, line],
        }
        for line, other in np.argwhere(shared)
    ]
    rows += [{"line": number, "same": False} for number in numbers[~shared.any(axis=1)]]
    rows += [{"against_line": number, "same": False} for number in others[~shared.any(axis=0)]]
    table = pd.DataFrame(rows, columns=PAIR_COLUMNS).assign(variant=variant, against=against)
    return table.astype({"line": "Int64", "against_line": "Int64", "same": bool})

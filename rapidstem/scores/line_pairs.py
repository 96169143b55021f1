"""Which line of one tomogram is which line of another."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rapidstem.scores.line_identity import LineIdentity

# Two lines that only cross have less in common than this, in length and in share.
LEAST_COMMON_NM = 30.0
LEAST_COVERED_PERCENT = 10.0
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


@dataclass(frozen=True)
class LineAgreement:
    """Which lines of two tomograms are the same, and which differ.

    Attributes
    ----------
    same : (line, against_line) of every two lines that are one to one
    different : groups (lines, against_lines) of the others: those of each side that share a course; one side is empty where a line has
        no partner at all
    """

    same: list[tuple[int, int]]
    different: list[tuple[list[int], list[int]]]

    @property
    def split(self) -> int:
        """How many groups hold several of the variant's lines for one of the other tomogram."""
        return sum(len(lines) > 1 and len(others) == 1 for lines, others in self.different)

    @property
    def merged(self) -> int:
        """How many groups hold one of the variant's lines for several of the other tomogram."""
        return sum(len(lines) == 1 and len(others) > 1 for lines, others in self.different)


def line_agreement(pairs: pd.DataFrame) -> LineAgreement:
    """Sort the lines of one comparison into those that are the same and groups that differ.

    Parameters
    ----------
    pairs : DataFrame
        As `paired_lines` gives it, of one variant against one other. Two lines that differ are in one group if they have over 10 % of one
        of them in common: lines that only cross are not.
    """
    same = pairs[pairs["same"].astype(bool)]
    settled = {"line": set(same["line"].astype(int)), "against_line": set(same["against_line"].astype(int))}
    import networkx as nx

    groups = nx.Graph()
    for side, numbers in settled.items():
        groups.add_nodes_from((side, int(number)) for number in pairs[side].dropna().unique() if int(number) not in numbers)
    shared = pairs[pairs[["covered_percent", "against_covered_percent"]].max(axis=1) > LEAST_COVERED_PERCENT]
    links = [(("line", int(line)), ("against_line", int(other))) for line, other in shared[["line", "against_line"]].to_numpy(float)]
    groups.add_edges_from(link for link in links if link[0] in groups and link[1] in groups)
    members = [sorted(group) for group in nx.connected_components(groups)]
    different = [tuple([number for side, number in group if side == wanted] for wanted in settled) for group in members]
    return LineAgreement(
        sorted(zip(same["line"].astype(int), same["against_line"].astype(int), strict=True)),
        sorted((lines, others) for lines, others in different),
    )

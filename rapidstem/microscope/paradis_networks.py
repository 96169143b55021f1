"""Dislocation networks in ParaDiS' `.data` format as specimens."""

from rapidstem.errors import InputError


def lines_from_network(path, settings, half_box_nm, rng):
    raise InputError(path)

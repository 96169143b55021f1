"""Simulate the raw files of one acquisition."""

from script_support import logged

from rapidstem.files import read_temperature
from rapidstem.microscope import settings_from
from rapidstem.microscope.recording import simulate_acquisition

with logged(snakemake):
    temperature = snakemake.params.temperature
    simulate_acquisition(
        kind=snakemake.params.kind,
        name=snakemake.wildcards.acquisition,
        tilt_deg=snakemake.params.tilt_deg,
        settings=settings_from(snakemake.params.settings),
        rapid_path=snakemake.output.rapid,
        slow_path=snakemake.output.slow,
        truth_path=snakemake.output.truth,
        specimen=snakemake.params.specimen or None,
        temperature=read_temperature(temperature) if temperature else None,
    )

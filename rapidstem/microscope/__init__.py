"""The virtual microscope: simulated sessions with known truth."""

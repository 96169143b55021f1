"""Dislocation lines fitted to the frames of a tilt series, each with the evidence for it."""

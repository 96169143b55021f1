"""Tilt angles, alignment, binarisation and reconstruction."""

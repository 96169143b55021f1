"""Scan distortion of rapid frames."""

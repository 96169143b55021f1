"""Rapid STEM tomography of dislocations."""

__version__ = "0.1.0"

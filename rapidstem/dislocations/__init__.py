"""Dislocation positions in three dimensions."""

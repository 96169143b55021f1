"""Drift-corrected frame integration."""

"""Procedural data with exact ground truth."""

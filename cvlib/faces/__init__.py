"""Faces with known muscles: a procedural face, its action units, and estimators that read them."""

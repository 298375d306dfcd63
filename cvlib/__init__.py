"""The library of the course: one package per subject, `course` for what every chapter uses."""

__version__ = "0.1.0.dev0"

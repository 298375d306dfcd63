"""The library of the course: one package per subject, `course` for what every chapter uses."""

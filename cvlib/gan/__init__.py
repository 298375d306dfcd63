"""Generative adversarial networks: the core of chapters 06 and 10."""

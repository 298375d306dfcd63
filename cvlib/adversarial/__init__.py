"""Adversarial images for eyes and networks: retina, coarse classes, ensemble attack, controls."""

"""Chapter 02: adversarial examples for networks and people in a hurry (Elsayed et al. 2018)."""

"""Chapter 01: Spherical CNNs (Cohen, Geiger, Köhler & Welling, ICLR 2018)."""

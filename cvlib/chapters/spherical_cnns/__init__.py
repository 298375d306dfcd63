"""Chapter 01: Spherical CNNs (Cohen et al., ICLR 2018)."""

"""Chapter 01: convolutions for signals on the sphere and on the rotation group (Cohen et al. 2018)."""

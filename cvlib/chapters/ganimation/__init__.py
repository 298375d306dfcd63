"""Chapter 07: GANimation (Pumarola et al., ECCV 2018)."""

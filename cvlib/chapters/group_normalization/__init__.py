"""Chapter 04: Group Normalization (Wu & He, ECCV 2018)."""

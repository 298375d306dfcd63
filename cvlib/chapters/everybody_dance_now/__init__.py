"""Chapter 09: Everybody Dance Now (Chan et al., ICCV 2019)."""

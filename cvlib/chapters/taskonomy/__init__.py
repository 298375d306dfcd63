"""Chapter 05: Taskonomy (Zamir et al., CVPR 2018)."""

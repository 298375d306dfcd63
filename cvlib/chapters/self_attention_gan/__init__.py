"""Chapter 06: Self-Attention GAN (Zhang et al., ICML 2019)."""

"""Chapter 10: BigGAN (Brock, Donahue & Simonyan, ICLR 2019)."""

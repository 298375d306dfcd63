"""Chapter 08: Video-to-Video Synthesis (Wang et al., NeurIPS 2018)."""

"""Photorealistic style transfer: whitening and colouring, matting affinity, smoothing."""

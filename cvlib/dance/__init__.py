"""From a video of one dancer to the same dance by another: the method of chapter 09."""

"""The ten chapters, one package each, named like its notebook without the number."""

"""Chapter 03: FastPhotoStyle (Li et al., ECCV 2018)."""

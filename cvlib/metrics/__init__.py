"""Measures of image quality that several chapters share."""

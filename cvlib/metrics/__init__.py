"""Measures of image quality that several chapters share; each module is one family."""

"""Taskonomy (Zamir et al. 2018): which task teaches which, and which tasks deserve labels."""

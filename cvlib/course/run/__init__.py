"""Runs: experiments, trainings that resume, checkpoints, records."""

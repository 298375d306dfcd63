"""What every chapter uses; knows nothing of any paper."""

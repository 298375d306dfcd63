"""`cvlib record`: units of many chapters side by side, packed for the way home, merged."""

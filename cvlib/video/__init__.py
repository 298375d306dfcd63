"""Video synthesis frame by frame: flow, memory, roll-outs, generators (chapters 08 and 09)."""

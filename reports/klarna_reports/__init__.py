"""What a run found: its record, and the renderings that are made from it."""

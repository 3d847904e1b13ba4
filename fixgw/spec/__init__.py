"""The vocabulary: the words that doors, core and listeners share, and nothing that does anything."""

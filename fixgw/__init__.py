"""fixgw: an exchange you speak FIX 4.4 to."""

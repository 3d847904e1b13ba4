"""The matching engine: commands in, events out, and nothing else."""

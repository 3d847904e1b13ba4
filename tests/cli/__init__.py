"""The commands as they are typed: each a process of its own, with the real venue on the other side."""

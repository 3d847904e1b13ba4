"""Chance: what is random in the venue is made from the journaled seed, so that a replay draws the same."""

_64_BITS = 2**64 - 1


def drawn(seed: int, *numbers: int) -> int:
    """Return 64 bits that nobody guesses without the seed, the same for the same numbers (SplitMix64)."""
    state = seed & _64_BITS
    for number in numbers:
        state = (state + number + 0x9E3779B97F4A7C15) & _64_BITS
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _64_BITS
        state ^= state >> 31
    return state

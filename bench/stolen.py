"""What the host of a virtual machine takes for others: while it takes much, figures say nothing of what is measured."""

from pathlib import Path

_STAT = Path("/proc/stat")


class Stolen:
    """From its making on: which part of the time that processes here would have run, others ran (proc(5), steal)."""

    def __init__(self) -> None:
        self._ran, self._stolen = _times()

    def part(self) -> float:
        ran, stolen = _times()
        ran, stolen = ran - self._ran, stolen - self._stolen
        return stolen / (ran + stolen) if stolen else 0.0


def _times() -> tuple[int, int]:
    """Return how long all processors have run something here, and others, in ticks."""
    user, nice, system, _idle, _iowait, irq, softirq, stolen = map(int, _STAT.read_text().split()[1:9])
    return user + nice + system + irq + softirq, stolen

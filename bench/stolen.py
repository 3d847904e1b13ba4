"""What the host of a virtual machine takes for others: while it takes much, figures say nothing of what is measured."""

from pathlib import Path


class Stolen:
    """From its making on: which part of the time that processes here would have run, others ran (proc(5), steal)."""

    def __init__(self, stat: Path = Path("/proc/stat")) -> None:
        self._stat = stat
        self._ran, self._stolen = _times(stat)

    def part(self) -> float:
        ran, stolen = _times(self._stat)
        ran, stolen = ran - self._ran, stolen - self._stolen
        return stolen / (ran + stolen) if stolen else 0.0


def _times(stat: Path) -> tuple[int, int]:
    """Return how long all processors have run something here, and others, in ticks."""
    user, nice, system, _idle, _iowait, irq, softirq, stolen = map(int, stat.read_text().split()[1:9])
    return user + nice + system + irq + softirq, stolen

"""The journal: every command and what it brought about, on disk before anybody is told."""

from fixgw.journal.reader import JournalDamaged, read
from fixgw.journal.writer import JournalFailed, JournalLocked, JournalWriter, SyncFailed

__all__ = ["JournalDamaged", "JournalFailed", "JournalLocked", "JournalWriter", "SyncFailed", "read"]

"""Logs: what the processes of the venue say, and what the FIX sessions said, with secrets masked."""

from pathlib import Path

SOCKET = Path("run", "messages.sock")
"""In the data folder: where the message log takes what the acceptors hand it."""

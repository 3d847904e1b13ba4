"""The admin door: a Unix socket by which operators ask and command, and the client of it."""

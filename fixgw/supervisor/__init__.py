"""The supervisor: starts the processes of the venue, watches them, and stops them in order."""

"""Metrics and health of the venue over HTTP, counted beside the journal: the gateway renders nothing."""

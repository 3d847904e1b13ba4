"""A redis-server as the venue starts its own, for one test."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from fixgw.marketdata import embedded


@contextmanager
def redis_server(data_dir: Path) -> "Iterator[redis.Redis]":
    """Start the venue's own Redis on a data folder, and yield a client of it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    retry = Retry(ConstantBackoff(0.02), 500)
    client = redis.Redis.from_url(embedded.url(data_dir, None), retry=retry, retry_on_error=[redis.ConnectionError])
    with subprocess.Popen(embedded.command(data_dir), stdout=subprocess.DEVNULL) as server:
        try:
            client.ping()
            yield client
        finally:
            client.close()
            server.kill()

"""A venue of toy processes under the real supervisor: ``python -m tests.supervisor.toy DATA NAME=CODE ...``."""

import logging
import sys
from pathlib import Path

from fixgw.supervisor.child import Plan
from fixgw.supervisor.supervisor import AlreadyRunning, Supervisor


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    data, *processes = sys.argv[1:]
    named = dict(process.split("=", 1) for process in processes)
    plans = {name: Plan(name, (sys.executable, "-u", "-c", code), 1) for name, code in named.items()}
    gateway = plans.pop("gateway")
    redis = plans.pop("redis", None)
    try:
        supervisor = Supervisor(Path(data), gateway, list(plans.values()), redis)
    except AlreadyRunning as error:
        print(error, flush=True)
        return 3
    return supervisor.run(
        lambda line: print("open", line.decode().strip(), flush=True), lambda: print("stopping", flush=True)
    )


if __name__ == "__main__":
    sys.exit(main())

"""``python -m fixgw`` is the ``fixgw`` command."""

from fixgw.cli.main import main

main()

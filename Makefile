# Two commands, `make run` and `make test`, do all the set-up by themselves, once.
#
# Each step leaves a stamp in .venv, so that a second run starts at once: no pip, no network.

# Which Python .venv is made of, and which one is asked for; empty when it does not run (say, after an upgrade of the
# machine's Python). Where they differ, .venv is made anew.
WHICH  := -c 'import sys; print(sys.base_prefix, sys.version_info[:3])'
HAVE   := $(shell .venv/bin/python $(WHICH) 2>/dev/null)
WANTED := $(if $(PYTHON),$(shell $(PYTHON) $(WHICH) 2>/dev/null),$(HAVE))

.PHONY: help run test test-long check bench setup clean FORCE

help:
	@echo "make run      run the venue, ARGS=\"--data /some/folder\" for its options"
	@echo "make test     ruff, mypy and all tests"
	@echo "make test-long  the tests of crashes and disks, at length"
	@echo "make check    ruff and mypy only"
	@echo "make bench    measure how fast it is"
	@echo "make clean    remove .venv and all that was built; var/, the venue's data, stays"
	@echo "The first of them sets everything up: some minutes, most of them for quickfix's C++."
	@echo "PYTHON=python3.12 in front chooses the Python to do it with (3.11 or newer)."

# exec, so that the venue, not a shell, gets the signals that make passes on.
run: setup
	@exec .venv/bin/fixgw run $(ARGS)

test: check
	@.venv/bin/python -m pytest

test-long: setup
	@.venv/bin/python -m pytest --long --timeout=3600 tests/simulation tests/wire

check: setup
	@.venv/bin/ruff check
	@.venv/bin/mypy

bench: setup
	@.venv/bin/python -m bench

setup: .venv/.packages

.venv/.made: $(if $(and $(HAVE),$(filter $(subst $() ,_,$(WANTED)),$(subst $() ,_,$(HAVE)))),,FORCE)
	@python=$$(tools/build_check.sh) && echo "making .venv with $$python" && \
	    "$$python" -m venv --clear .venv && touch $@

.venv/.quickfix: .venv/.made pyproject.toml tools/build_quickfix.py tools/build_parallel.py
	@.venv/bin/python tools/build_quickfix.py

# --only-binary: a quickfix that pip built by itself would have no TLS.
.venv/.packages: .venv/.quickfix
	@echo "installing the other packages"
	@.venv/bin/python -m pip install -qq --disable-pip-version-check --only-binary quickfix -e '.[test]'
	@touch $@

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find fixgw tests bench tools -name __pycache__ -prune -exec rm -rf {} +

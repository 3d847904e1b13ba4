#!/bin/sh
# What the set-up needs from the machine: prints the Python to use, or one line for each thing that is missing.
#
# Plain sh, since Python may be what is missing. A name on PATH proves nothing (pyenv leaves names that fail when
# called), so every candidate is executed.
set -u

too_old='import sys; sys.exit(sys.version_info < (3, 11))'
no_venv='import ensurepip, venv'
no_headers='import os, sysconfig; os.stat(os.path.join(sysconfig.get_path("include"), "Python.h"))'
version='import sys; print("python%d.%d" % sys.version_info[:2])'

all_there=yes

missing() {
    all_there=no
    echo "missing: $1: apt-get install $2" >&2
}

first_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        "$candidate" -c "$too_old" >/dev/null 2>&1 && echo "$candidate" && return
    done
}

has_openssl() {
    if command -v g++ >/dev/null; then
        g++ -E -x c++ -include openssl/ssl.h /dev/null >/dev/null 2>&1
    else
        # Without a compiler to ask, look where Debian puts them, so that one run names all that is missing.
        [ -e /usr/include/openssl/ssl.h ]
    fi
}

python=$(first_python)
if [ -z "$python" ]; then
    missing "Python 3.11 or newer${PYTHON:+ (PYTHON=$PYTHON is not)}" "python3 python3-venv python3-dev"
else
    package=$("$python" -c "$version")
    "$python" -c "$no_venv" >/dev/null 2>&1 || missing "venv and ensurepip of $python" "$package-venv"
    "$python" -c "$no_headers" >/dev/null 2>&1 || missing "Python.h of $python" "$package-dev"
fi
command -v g++ >/dev/null || missing "the C++ compiler g++" "g++"
has_openssl || missing "OpenSSL's headers (openssl/ssl.h)" "libssl-dev"

[ "$all_there" = yes ] && echo "$python"

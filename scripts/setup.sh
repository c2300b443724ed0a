#!/bin/sh
# Brings what building and testing need, says what it does, and does nothing where all is there.
#
#   scripts/setup.sh --for demo     a C compiler (SQLite is built along), unixODBC with SQLite's driver, s3270, and Rust
#   scripts/setup.sh --for test     that, rustfmt and clippy, the tools of tests/contract.sh, and for the ODBC adapter's
#                                   tests PostgreSQL and MariaDB (tests start servers of their own in temporary folders)
#                                   with their drivers, FreeTDS and mdbtools; for the screens adapter's abook,
#                                   calcurse, OpenSSH's server, telnet, telnetd, Chromium with its driver, and Django in .venv
#   scripts/setup.sh --for bench    that of the demo, and nginx, beside which proxying is measured; Debian starts it
#                                   at port 80, which is not needed: systemctl disable --now nginx
#
# On Debian it installs packages with apt-get (with sudo, if you are not root). Nothing else outside this folder is
# touched, except Rust, which its own installer puts into ~/.cargo and ~/.rustup where there is none.
set -eu

purpose=demo
while [ $# -gt 0 ]; do
    case "$1" in
        --for) purpose="${2:-}"; shift 2 ;;
        *) echo "usage: scripts/setup.sh [--for demo|test|bench]" >&2; exit 2 ;;
    esac
done
case "$purpose" in
    demo|test|bench) ;;
    *) echo "setup: --for demo, --for test or --for bench" >&2; exit 2 ;;
esac

cd "$(dirname "$0")/.."
rust=1.95
PATH="$HOME/.cargo/bin:$PATH"
say() { echo "setup: $*"; }
has() { command -v "$1" >/dev/null 2>&1; }

# --- packages ------------------------------------------------------------------------------------------------------
wanted=""
want() { has "$1" || wanted="$wanted $2"; }
want cc build-essential
want curl "curl ca-certificates"
# Headers, drivers and servers have no command in the PATH to look for.
want_file() {
    for found in $1; do
        [ -e "$found" ] && return 0
    done
    wanted="$wanted $2"
}
want_file /usr/include/sql.h unixodbc-dev
want_file "/usr/lib/*/odbc/libsqlite3odbc.so /usr/lib/odbc/libsqlite3odbc.so" libsqliteodbc
want s3270 s3270
if [ "$purpose" = bench ]; then
    want_file /usr/sbin/nginx nginx
fi
if [ "$purpose" = test ]; then
    want isql unixodbc
    want sqlite3 sqlite3
    want_file "/usr/lib/*/odbc/psqlodbcw.so" odbc-postgresql
    want_file "/usr/lib/postgresql/*/bin/initdb" postgresql
    want_file "/usr/lib/*/odbc/libmaodbc.so" odbc-mariadb
    want_file "/usr/sbin/mariadbd /usr/libexec/mariadbd" mariadb-server
    want_file "/usr/lib/*/odbc/libtdsodbc.so" tdsodbc
    want_file "/usr/lib/*/odbc/libmdbodbc.so" odbc-mdbtools
    want chromium chromium
    want chromedriver chromium-driver
    want setsid util-linux
    want openssl openssl
    # Terminals for the screens adapter: two curses programs, and servers that its tests start themselves.
    want abook abook
    want calcurse calcurse
    want infocmp ncurses-bin
    want_file /usr/sbin/sshd openssh-server
    want ssh-keygen openssh-client
    want telnet telnet
    want_file "/usr/sbin/telnetd /usr/sbin/in.telnetd" telnetd
    want node "nodejs npm"
    want npm npm
    if ! has python3; then
        wanted="$wanted python3 python3-venv"
    elif ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
        wanted="$wanted python3-venv"
    fi
fi
if [ -n "$wanted" ]; then
    root=""
    if [ "$(id -u)" != 0 ]; then
        root=sudo
        has sudo || { say "please install:$wanted (you are not root, and there is no sudo)"; exit 1; }
    fi
    has apt-get || { say "please install what Debian calls:$wanted"; exit 1; }
    say "installing Debian packages:$wanted"
    $root apt-get update -qq
    # shellcheck disable=SC2086 # one word a package
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null
fi

# --- Rust ----------------------------------------------------------------------------------------------------------
new_enough() {
    has cargo || return 1
    found=$(cargo --version | sed -n 's/^cargo \([0-9]*\.[0-9]*\).*/\1/p')
    [ "$(printf '%s\n%s\n' "$rust" "$found" | sort -V | head -n 1)" = "$rust" ]
}
if ! new_enough; then
    if has rustup; then
        say "installing Rust $rust with your rustup"
        rustup toolchain install "$rust" --profile minimal
        rustup override set "$rust"
    else
        say "installing Rust $rust into ~/.cargo and ~/.rustup (https://rustup.rs)"
        installer=$(mktemp)
        if ! curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs -o "$installer"; then
            rm -f "$installer"
            say "https://sh.rustup.rs cannot be reached. Install Rust $rust or newer as https://rustup.rs says, then try again."
            exit 1
        fi
        sh "$installer" -y -q --profile minimal --default-toolchain "$rust" --no-modify-path
        rm -f "$installer"
    fi
fi
[ "$purpose" = test ] || exit 0
if ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
    say "adding rustfmt and clippy"
    rustup component add rustfmt clippy
fi

# --- tools of the contract test and Django: in .venv and tests/tools/node_modules, nowhere else -------------------------------
stamp() { cksum <"$1"; }
if [ "$(cat .venv/.stamp 2>/dev/null)" != "$(stamp tests/tools/requirements.txt)" ]; then
    say "installing Python tools into .venv (tests/tools/requirements.txt)"
    [ -x .venv/bin/python ] || python3 -m venv .venv
    if .venv/bin/python -m pip install -q --disable-pip-version-check -r tests/tools/requirements.txt; then
        stamp tests/tools/requirements.txt >.venv/.stamp
    else
        say "the Python tools could not be installed; tests/contract.sh and the tests of web screens need them"
        exit 1
    fi
fi
if [ "$(cat tests/tools/node_modules/.stamp 2>/dev/null)" != "$(stamp tests/tools/package-lock.json)" ]; then
    say "installing Node tools into tests/tools/node_modules (tests/tools/package.json)"
    if (cd tests/tools && npm ci --ignore-scripts --loglevel=error); then
        stamp tests/tools/package-lock.json >tests/tools/node_modules/.stamp
    else
        say "the Node tools could not be installed; tests/contract.sh needs them"
        exit 1
    fi
fi

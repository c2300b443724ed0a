#!/bin/sh
# Roles and names of all elements [data-t] of a page, as Chromium itself computes them: JSON pairs.
exec "$(dirname "$0")/../../../../.venv/bin/python" "$(dirname "$0")/names.py" "$1"

#!/bin/sh
# Whether the facade keeps its contract, judged by tools that know nothing of it but its document:
#
#   schemathesis            asks for everything the document allows and much it does not: no server error, no answer that the
#                           document does not describe
#   redocly                 the document lints without an error or a warning, the facade's and the admin listener's
#   openapi-typescript      a TypeScript consumer type-checks against generated types, strictly, and runs
#   openapi-python-client   a generated Python client lists the customers
#
# Starts the demo on free ports. Every tool must be there (scripts/setup.sh --for test): a check that is not made has not passed.
#   EXAMPLES=200 SEED=7 tests/contract.sh      asks for more, or for other things
set -eu
cd "$(dirname "$0")/.."
PATH="$HOME/.cargo/bin:$PATH"
root=$PWD
tools=$root/tests/tools
venv=$root/.venv/bin
target="${CARGO_TARGET_DIR:-target}"
case "$target" in /*) ;; *) target=$root/$target ;; esac

for tool in "$tools/node_modules/.bin/redocly" "$tools/node_modules/.bin/openapi-typescript" "$tools/node_modules/.bin/tsc" \
    "$venv/openapi-python-client" "$venv/schemathesis"; do
    [ -x "$tool" ] || { echo "contract: $tool is missing: run scripts/setup.sh --for test" >&2; exit 1; }
done
cargo build --quiet --locked --package banyan --package banyan-odbc-worker --bin banyan --bin banyan-odbc-worker
work=$(mktemp -d)
server=""
finish() {
    status=$?
    trap - EXIT
    [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
    if [ "$status" -ne 0 ]; then
        echo "contract: FAILED; the gateway's log ends with:" >&2
        tail -n 20 "$work/banyan.log" >&2 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM
say() { echo "contract: $*"; }

# --- the demo, on ports that are free --------------------------------------------------------------------------------
cp -R examples/wholesaler "$work/demo"
sed -i 's/^\( *listen:\) [^ ]*/\1 127.0.0.1:0/; s/^\( *admin:\) [^ ]*/\1 127.0.0.1:0/' "$work/demo/banyan.yaml"
"$target/debug/banyan" serve --config "$work/demo/banyan.yaml" >"$work/banyan.log" 2>&1 &
server=$!
facade=""
tries=0
until facade=$(sed -n 's/^facade *\(http[^ ]*\).*/\1/p' "$work/banyan.log") && [ -n "$facade" ] &&
    admin=$(sed -n 's/^dashboard *\(http[^ ]*\).*/\1/p' "$work/banyan.log") && [ -n "$admin" ] &&
    [ "$(curl -sf "$admin/admin/v1/datasets" | grep -o '"last_finished":{' | wc -l)" -eq 9 ]; do
    tries=$((tries + 1))
    { kill -0 "$server" && [ $tries -le 150 ]; } || { say "the demo did not start"; exit 1; }
    sleep 0.2
done
curl -sf "$facade/openapi.json" >"$work/facade.json"
curl -sf "$admin/openapi.json" >"$work/admin.json"
cd "$work"

# --- redocly -----------------------------------------------------------------------------------------------------
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
for document in facade admin; do
    say "redocly lints $document.json"
    if ! "$tools/node_modules/.bin/redocly" lint --config "$tools/redocly.yaml" --format json "$document.json" \
        >"$document.lint" 2>"$document.lint.err"; then
        cat "$document.lint" "$document.lint.err"
        exit 1
    fi
    # Warnings do not fail redocly; here they do.
    if ! grep -q '"errors": *0' "$document.lint" || ! grep -q '"warnings": *0' "$document.lint"; then
        cat "$document.lint"
        exit 1
    fi
done

say "a TypeScript consumer type-checks, strictly, and lists customers"
mkdir ts
cp "$tools/consumer.ts" "$tools/process.d.ts" "$tools/tsconfig.json" ts/
echo '{ "type": "module" }' >ts/package.json
ln -s "$tools/node_modules" ts/node_modules
"$tools/node_modules/.bin/openapi-typescript" facade.json -o ts/facade.ts >ts/generate.log 2>&1 || { cat ts/generate.log; exit 1; }
"$tools/node_modules/.bin/tsc" --project ts/tsconfig.json
node ts/out/consumer.js "$facade"

# --- the Python client -------------------------------------------------------------------------------------------
say "a generated Python client lists customers"
printf 'post_hooks: []\n' >python.yaml
"$venv/openapi-python-client" generate --path facade.json --config python.yaml --meta none \
    --output-path banyan_client --fail-on-warning >python.log 2>&1 || { cat python.log; exit 1; }
PYTHONPATH=. "$venv/python" "$tools/consumer.py" "$facade"

# --- schemathesis ------------------------------------------------------------------------------------------------
ask() {
    name=$1 && shift
    say "schemathesis asks the $name"
    "$venv/schemathesis" run "$@" --max-examples "${EXAMPLES:-40}" --seed "${SEED:-1}" --workers 1 --request-timeout 20 \
        --suppress-health-check all --warnings off --continue-on-failure >"$name.log" 2>&1 || { cat "$name.log"; exit 1; }
    grep 'generated' "$name.log" | tail -n 1
}
# Not checked: `positive_data_acceptance`, since cursors are opaque and cannot be made up; and what speaks of things
# that callers create, since here they create none.
ask facade "$facade/openapi.json" --checks all \
    --exclude-checks positive_data_acceptance,ensure_resource_availability,use_after_free
# The admin listener refuses what is no JSON before it looks at the method, and takes empty parameters as not given, as
# forms send them.
ask admin "$admin/openapi.json" --checks \
    not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance

say "in order"

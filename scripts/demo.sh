#!/bin/sh
# The demo: copies examples/wholesaler to var/demo, so that trying things out changes no tracked file, and serves it
# there until Ctrl-C. Each start is from scratch.
#
#   PORT=7080 ADMIN_PORT=7081 GREEN_PORT=7082 MODERN_PORT=7083 make demo     on other ports than 8080, 8081, 3270 and 9090
set -eu
cd "$(dirname "$0")/.."
PATH="$HOME/.cargo/bin:$PATH"
port="${PORT:-8080}"
admin="${ADMIN_PORT:-8081}"
green="${GREEN_PORT:-3270}"
modern="${MODERN_PORT:-9090}"
target="${CARGO_TARGET_DIR:-target}"
folder=var/demo

for taken in "$port" "$admin" "$modern"; do
    if curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$taken/"; then
        echo "demo: something listens on port $taken already; choose others: PORT=7080 ADMIN_PORT=7081 MODERN_PORT=7083 make demo" >&2
        exit 1
    fi
done
echo "demo: building (a few minutes the first time)"
cargo build --quiet --locked --profile demo --package banyan --package banyan-odbc-worker --package banyan-testkit-tn3270 \
    --package banyan-modern-customers --bin banyan --bin banyan-odbc-worker --bin banyan-stock-host --bin banyan-modern-customers
mkdir -p var
rm -rf "$folder"
cp -R examples/wholesaler "$folder"
case "$target" in /*) ln -s "$target/demo/banyan" "$folder/banyan" ;; *) ln -s "../../$target/demo/banyan" "$folder/banyan" ;; esac
sed -i "s/127\.0\.0\.1:8080/127.0.0.1:$port/; s/127\.0\.0\.1:8081/127.0.0.1:$admin/" "$folder/banyan.yaml"
sed -i "s/127\.0\.0\.1:3270/127.0.0.1:$green/" "$folder/green/stock.yaml"
sed -i "s/127\.0\.0\.1:9090/127.0.0.1:$modern/" "$folder/routes.yaml"

# The stock room's mainframe: a small host that speaks TN3270 as a real one does. `c3270 127.0.0.1:$green` shows it.
"$target/demo/banyan-stock-host" --listen "127.0.0.1:$green" --data "$folder/green/stock.csv" \
    user=HARBOUR password=HARBOUR >"$folder/stock-host.log" 2>&1 &
host=$!
trap 'kill -TERM $host 2>/dev/null || true' EXIT
sleep 0.3
if ! kill -0 $host 2>/dev/null; then
    cat "$folder/stock-host.log" >&2
    echo "demo: the stock room's host did not start; choose another port: GREEN_PORT=7082 make demo" >&2
    exit 1
fi

"$target/demo/banyan" check --config "$folder/banyan.yaml"
"$target/demo/banyan" serve --config "$folder/banyan.yaml" >"$folder/banyan.log" 2>&1 &
server=$!
trap 'kill -TERM $server $host 2>/dev/null || true; wait $server 2>/dev/null || true; exit 0' INT TERM
trap 'kill -TERM $server $host 2>/dev/null || true' EXIT

facade="http://127.0.0.1:$port"

# Served, and a file of each dataset read.
tries=0
until [ "$(curl -sf "http://127.0.0.1:$admin/admin/v1/datasets" | grep -o '"last_finished":{' | wc -l)" -eq 10 ]; do
    tries=$((tries + 1))
    if ! kill -0 $server 2>/dev/null || [ $tries -gt 150 ]; then
        echo "demo: it did not start; $folder/banyan.log says:" >&2
        tail -n 20 "$folder/banyan.log" >&2
        kill -TERM $server 2>/dev/null || true
        exit 1
    fi
    sleep 0.2
done

# The new customer service, which the route /v1/customers of routes.yaml leads to. It reads the facade's change feed.
"$target/demo/banyan-modern-customers" --listen "127.0.0.1:$modern" --from "$facade" --data "$folder/modern/customers.json" \
    >"$folder/modern.log" 2>&1 &
service=$!
trap 'kill -TERM $server $host $service 2>/dev/null || true; wait $server 2>/dev/null || true; exit 0' INT TERM
trap 'kill -TERM $server $host $service 2>/dev/null || true' EXIT
tries=0
until curl -sf "http://127.0.0.1:$modern/health" | grep -q '"caught_up":true'; do
    tries=$((tries + 1))
    if ! kill -0 $service 2>/dev/null || [ $tries -gt 100 ]; then
        echo "demo: the new customer service did not start; $folder/modern.log says:" >&2
        cat "$folder/modern.log" >&2
        exit 1
    fi
    sleep 0.1
done
cat <<EOF

  Harbour Wholesale is being served. Its files are in $folder/drop and $folder/desk, its configuration is $folder/banyan.yaml.

    the API, to read and try out   $facade/docs
    the dashboard                  http://127.0.0.1:$admin/
    routes on their way            http://127.0.0.1:$admin/migration
    the new customer service       http://127.0.0.1:$modern/v1/customers (wrong in the ways of $folder/modern/bugs.txt)

  Try these in another terminal, after 'cd $folder' (README.md has the tour):

    curl -gs '$facade/v1/customers?category=export&sort=-credit_limit&fields=name,credit_limit'
    curl -gs '$facade/v1/products?stock[lt]=20&fields=sku,name,stock'
    curl -gs '$facade/v1/orders?number=50001&embed=customer,lines.product'
    curl -gs '$facade/v1/orders:lookup?space=desk&key=20003' -i -H 'Cache-Control: max-age=0'
    curl -gs '$facade/v1/products:lookup?space=warehouse&key=HW000111' -H 'Cache-Control: max-age=0'
    ./banyan why customer crm:1005 --field email
    ./banyan dead-letters list
    ./banyan audit list --source desk
    ./banyan migration

  Log: $folder/banyan.log. Ctrl-C stops.

EOF
wait $server

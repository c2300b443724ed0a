# Runs the driver in a session of its own and, as soon as standard input ends, ends it with all its browsers and removes
# what they left. Standard input ends when whoever started this lets go of it, or is no more, however that came.
trap : TERM INT HUP
dir=$(mktemp -d "${TMPDIR:-/tmp}/banyan-web.XXXXXX") || exit 70
export TMPDIR="$dir" XDG_CACHE_HOME="$dir/cache" XDG_CONFIG_HOME="$dir/config" XDG_RUNTIME_DIR="$dir"
setsid "$@" </dev/null &
driver=$!
read -r _
kill -TERM "-$driver" 2>/dev/null
turns=0
while kill -0 "-$driver" 2>/dev/null && [ "$turns" -lt 60 ]; do
    [ "$turns" -eq 30 ] && kill -KILL "-$driver" 2>/dev/null
    turns=$((turns + 1))
    sleep 0.05
done
rm -rf -- "$dir"
[ -d "$dir" ] && sleep 0.3 && rm -rf -- "$dir"
exit 0

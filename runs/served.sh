# A policy server of ours or another's, for as long as a script needs it: sourced.
served() { # COMMAND...: sets url, to what it prints that it serves on
    local log
    log=$(mktemp)
    "$@" > "$log" 2>&1 &
    server=$!
    trap 'kill $server 2>/dev/null || true' EXIT
    until url=$(grep -o 'ws://[^ ]*' "$log"); do kill -0 $server || { cat "$log" >&2; exit 1; }; sleep 1; done
}
unserved() {
    kill $server
    wait $server || true
}

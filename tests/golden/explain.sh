#!/bin/bash
# explain.sh - what `orbl explain` and `orbl replay` say of what an analyzer has answered. Each
# session in tests/golden/explain is played: a line "$ orbl ..." is run, what follows it up to the
# next one is replaced by what it prints and by its exit status. The answers are beside it.
. "${top_srcdir:?}/tests/tap.sh"

scratch=$(mktemp -d) || tap_bail 'no temporary directory'
server=
finish() {
	[ -z "$server" ] || kill "$server"
	rm -rf "$scratch"
}
trap finish EXIT

folder=$top_srcdir/tests/golden/explain
python3 "$top_srcdir/tests/tools/control_answer.py" "$scratch/socket" "$folder" &
server=$!
for _ in $(seq 100); do
	[ ! -S "$scratch/socket" ] || break
	sleep 0.1
done
printf 'control.socket = "%s"\n' "$scratch/socket" >"$scratch/orbl.conf"

play() { # SESSION
	local line status first=yes
	while IFS= read -r line; do
		case $line in '$ orbl '*) ;; *) continue ;; esac
		[ -n "$first" ] || echo
		first=
		printf '%s\n' "$line"
		eval "set -- ${line#\$ orbl }"
		ORBL_CONF=$scratch/orbl.conf "$top_builddir/orbl" "$@" 2>&1 </dev/null
		status=$?
		printf '[exit status %d]\n' "$status"
	done <"$1"
}

for session in "$folder"/*.session; do
	name=$(basename "$session")
	play "$session" >"$scratch/$name"
	tap_diff "$name" "$session" "$scratch/$name"
	[ -z "${GOLDEN_WRITE:-}" ] || cp "$scratch/$name" "$session"
done

explain() { ORBL_CONF=$scratch/orbl.conf "$top_builddir/orbl" explain "$@"; }
replay() { ORBL_CONF=$scratch/orbl.conf "$top_builddir/orbl" replay "$@"; }
tap_status 'explain as JSON' 1 explain --json 192.0.2.7
tap_is 'is the answer' "$(jq -cS 'del(.ok)' "$folder/explain-192.0.2.7.json")" \
	"$(jq -cS . <<<"$tap_output")"
tap_status 'replay as JSON' 1 replay --json --all
tap_is 'is the sum of its parts' '[4,5,2,3]' \
	"$(jq -c '[.decisions, .facts, .probes, (.differences | length)]' <<<"$tap_output")"
tap_status 'explain without an address' 2 explain
tap_status 'explain of two' 2 explain 192.0.2.1 192.0.2.2
tap_status 'replay without an address' 2 replay
tap_status 'replay of all and of one' 2 replay --all 192.0.2.7
tap_status 'help of explain' 0 explain --help
tap_status 'help of replay' 0 replay --help
tap_done

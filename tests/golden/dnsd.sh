#!/bin/bash
# dnsd.sh - what `orbl dnsd` prints of the answers in tests/golden/dnsd/answers.
. "${top_srcdir:?}/tests/tap.sh"

here=$top_srcdir/tests/golden/dnsd
orbl=$top_builddir/orbl
dir=$(mktemp -d) || tap_bail 'no folder'
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT

PYTHONDONTWRITEBYTECODE=1 python3 "$top_srcdir/tests/tools/control_answer.py" "$dir/sock" \
	"$here/answers" &
server=$!
printf 'dnsd.control_socket = "%s"\n' "$dir/sock" >"$dir/conf"
for ((i = 0; i < 100; i++)); do
	[ ! -S "$dir/sock" ] || break
	sleep 0.05
done
for command in status stats zones reload; do
	{
		"$orbl" dnsd $command -c "$dir/conf" 2>&1
		echo "[exit status $?]"
	} >"$dir/$command"
	tap_diff "orbl dnsd $command" "$here/$command" "$dir/$command"
done
"$orbl" dnsd zones -c "$dir/conf" --json >"$dir/json" 2>&1
tap_is 'as JSON on one line, without ok' '1 0' \
	"$(wc -l <"$dir/json") $(grep -c '"ok"' "$dir/json")"
tap_status 'an operand is one too many' 2 "$orbl" dnsd status -c "$dir/conf" x
tap_status 'what there is not' 2 "$orbl" dnsd stop
tap_like 'is named' 'there is no "stop"' "$tap_output"
printf 'dnsd.control_socket = ""\n' >"$dir/none"
tap_status 'without a socket' 2 "$orbl" dnsd status -c "$dir/none"
tap_like 'that is said' 'dnsd.control_socket is empty' "$tap_output"
tap_done

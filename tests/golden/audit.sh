# audit.sh - what `orbl audit verify` prints, and its exit status. The session in
# tests/golden/audit is played: each line "$ orbl audit ..." is run, what follows it up to the next
# one is replaced by what it prints and by its exit status; comments stay. It is right when it
# comes out as it went in. The logs were made by another program (docs/audit-log.md).
. "${top_srcdir:?}/tests/tap.sh"

scratch=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$scratch"' EXIT

play() { # SESSION
	local line status
	while IFS= read -r line <&3; do
		case $line in
		'# '*) printf '%s\n' "$line" ;;
		'$ orbl audit'*)
			printf '%s\n' "$line"
			eval "\"$top_builddir/orbl\" ${line#\$ orbl }" 2>&1
			status=$?
			printf '[exit status %d]\n' "$status"
			;;
		esac
	done 3<"$1"
}

cd "$top_srcdir/tests/golden/audit" || exit 1
play audit.session >"$scratch/audit.session"
tap_diff 'audit.session' audit.session "$scratch/audit.session"

# Its own lines, read as JSON and written again by another program, are the same bytes.
canonical=$(python3 -c 'import json, sys
for line in open("whole.jsonl", encoding="utf-8"):
    print(json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False))')
tap_is 'a line is canonical JSON' "$(cat whole.jsonl)" "$canonical"
tap_done

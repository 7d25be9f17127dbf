# relay_truth.sh - for every row of the relay policy's truth table: what orbl probe finds at a
# server that follows the policy is what the engine predicted.
. "${top_srcdir:?}/tests/tap.sh"

orbl=$top_builddir/orbl
tools=$top_builddir/tests/tools
net=127.32.0
domain=probe.test
few=P01,P11,P21,P28
at_once=1400 # targets of one run
shown=3      # failing rows of a group
work=$(mktemp -d)
host=
stop() {
	[ -z "$host" ] || { kill "$host" && wait "$host"; } 2>/dev/null
	host=
}
trap 'stop; rm -rf "$work"' EXIT

command -v jq >"$work/jq" || tap_bail 'jq is needed'
files=$(ulimit -Hn)
[ "$files" = unlimited ] || [ "$files" -ge 5000 ] || tap_bail 'at least 5000 open files are needed'
printf 'probe.sessions = 200\ncollector.domain = "%s"\n' "$domain" >"$work/conf"

ready() {
	for _ in $(seq 300); do
		grep -q '^ready' "$work/listening" && return
		kill -0 "$host" 2>/dev/null || return
		sleep 0.1
	done
	return 1
}

start() { # HOSTS: on the first port that is free everywhere
	for port in $(seq 26100 17 26400); do
		: >"$work/listening"
		"$tools/relay_host" --smarthost "$net.1:$port" --port "$port" --hosts "$1" \
			>"$work/listening" 2>"$work/log" &
		host=$!
		ready && return
		stop
	done
	tap_bail "no relay host: $(tail -n 1 "$work/log")"
}

probe() { # OPTION... TARGET...
	timeout 300 "$orbl" probe -c "$work/conf" --json --collector "$net.1:$port" \
		--source "$net.2" --allow 127.0.0.0/8 --wait 5 --retry-after 1 "$@"
}

# The words of relay_truth for what a probe found.
read_found() { # < JSON
	jq -r 'def bounces_of($case): .bounces | map(select(.case == $case));
		def name_of($case; $host): if $case.arrived then "relayed"
			elif bounces_of($case.case) != [] then (bounces_of($case.case) |
				if all(.from == $host and .action == "failed") then "bounced"
				else tojson end)
			elif ($case.data_reply | startswith("2")) then "accepted"
			elif ($case.rcpt_reply | startswith("5")) then "refused"
			else "neither: " + $case.rcpt_reply + $case.data_reply end;
		[.input, .verdict, (if .outputs == [] then "-" else (.outputs | join(" ")) end),
		(. as $r | [.cases[] | . as $c | .case + "=" + ($r | name_of($c; $r.input))] |
			join(" "))] | @tsv'
}

probe_all() { # PREDICTED OPTION... > FOUND; the results to PREDICTED.json
	local predicted=$1 from=1 rows targets status
	shift
	rows=$(wc -l <"$predicted")
	while [ "$from" -le "$rows" ]; do
		targets=$(tail -n "+$from" "$predicted" | head -n "$at_once" | sed "s/\t.*/:$port/")
		status=0
		# shellcheck disable=SC2086
		probe "$@" $targets >"$work/json" 2>>"$work/err" || status=$?
		[ "$status" -le 2 ] || echo "row $from ...: exit status $status" >>"$work/err"
		cat "$work/json" >>"$predicted.json"
		read_found <"$work/json"
		from=$((from + at_once))
	done
}

# For each group of rows "G GROUP ROWS WRONG", then "N" and notes of wrong rows, tab separated.
compare() { # PREDICTED FOUND KEY: what to take off the group's name
	awk -F '\t' -v key="$3" -v shown="$shown" '
	FILENAME == ARGV[1] { found[$1] = $2 "\t" $3 "\t" $4; next }
	{
		group = $5
		sub(key, "", group)
		if (rows[group]++ == 0)
			order[++groups] = group
		wanted = $2 "\t" $3 "\t" $4
		got = $1 in found ? found[$1] : "nothing"
		if (got == wanted)
			next
		if (wrong[group]++ >= shown)
			next
		gsub("\t", " | ", wanted)
		gsub("\t", " | ", got)
		notes[group] = notes[group] "N\t" $1 ": " $5 ": " $6 "\nN\t  predicted: " wanted \
			"\nN\t  found:     " got "\n"
	}
	END {
		for (i = 1; i <= groups; i++) {
			group = order[i]
			printf "G\t%s\t%d\t%d\n%s", group, rows[group], wrong[group], notes[group]
		}
	}' "$2" "$1"
}

report() { # PREFIX GROUPS: how many there are; < what compare printed
	local kind group rows wrong groups=0
	while IFS=$'\t' read -r kind group rows wrong; do
		[ "$kind" = N ] || groups=$((groups + 1))
		if [ "$kind" = N ]; then
			tap_note "$group"
		elif [ "$wrong" = 0 ]; then
			tap_result ok "$1$group: all $rows rows as predicted"
		else
			tap_result 'not ok' "$1$group: $wrong of $rows rows not as predicted"
		fi
	done
	tap_is "${1:-every row, }in all groups of rows" "$2" "$groups"
}

# --- the predictions ---
tap_status 'the engine agrees with the words of the article on every row' 0 \
	"$tools/relay_truth" "$work" "$net.2" "$net.1" "$domain" "$few"
tap_is 'the whole table, with IP forwarding on as well where flag 4 is set' \
	'4000 rows, 257 of them with all cases' "$tap_output"
for verdict in open bounces accepts closed; do
	tap_ok "$verdict is predicted often enough to mean something" \
		test "$(cut -f 2 "$work/few" | grep -c "^$verdict\$")" -ge 200
done

# --- the findings ---
: >"$work/err"
start "$work/hosts"
probe_all "$work/few" --all --cases "$few" >"$work/few.found"
compare "$work/few" "$work/few.found" '^$' >"$work/few.result"
report '' 85 <"$work/few.result"
probe_all "$work/many" --all --cases "$(cat "$work/cases")" >"$work/many.found"
compare "$work/many" "$work/many.found" ', version.*' >"$work/many.result"
report 'all cases, ' 17 <"$work/many.result"

# A probe that stops at the first proof makes fewer tests, but says the same of the host.
without_cases() {
	awk -F '\t' -v OFS='\t' '{ $4 = "-"; print }' "$1"
}
without_cases "$work/many" >"$work/brief"
probe_all "$work/brief" >"$work/brief.cases"
without_cases "$work/brief.cases" >"$work/brief.found"
compare "$work/brief" "$work/brief.found" ', version.*' >"$work/brief.result"
report 'up to the first proof, ' 17 <"$work/brief.result"
tap_is 'nothing on standard error' '' "$(cat "$work/err")"
stop

# --- orbl policy compare says the same ---
mkdir "$work/results"
awk -v folder="$work/results/" '{
	match($0, /"target": *"[0-9.]*/)
	target = substr($0, RSTART, RLENGTH)
	sub(/.*"/, folder, target)
	print >target
	close(target)
}' "$work/many.json"

# ADDRESS POLICY NAME VERDICT of what was probed with all cases; orbl policy compare and audit know
# no authenticated clients.
awk -F '[=,\t]' 'NR == FNR { if (!/,authenticated/) { policy[$1] = $2; name[$1] = $4 }; next }
	$1 in policy { print $1, policy[$1], name[$1], $2 }' "$work/hosts" "$work/many" \
	>"$work/compared"

compare_policies() { # FILTER STATUS < compared: those for which it ends otherwise
	local address policy verdict status
	while read -r address policy _ verdict; do
		sed "$1" "$policy" >"$work/policy"
		status=0
		"$orbl" policy compare "$work/policy" "$work/results/$address" --client "$net.2" \
			>"$work/out" 2>&1 || status=$?
		[ "$status" = "$2" ] || printf '%s (%s): status %s\n%s\n' "$address" "$verdict" \
			"$status" "$(cat "$work/out")"
	done | head -n 20
}

audit_policies() { # < compared: those with a hole that the probe did not find, or the reverse
	local address policy name verdict status wanted
	while read -r address policy name verdict; do
		case $verdict in
		open | bounces) wanted=1 ;;
		*) wanted=0 ;;
		esac
		status=0
		"$orbl" policy audit "$policy" --client "$net.2" --local "$address" \
			--name "$name" >"$work/out" 2>&1 || status=$?
		[ "$status" = "$wanted" ] || printf '%s (%s): status %s\n%s\n' "$address" \
			"$verdict" "$status" "$(cat "$work/out")"
	done | head -n 20
}

tap_ok 'there are rows to compare' test "$(wc -l <"$work/compared")" -ge 100
tap_is 'policy compare finds no difference between a policy and its server' '' \
	"$(compare_policies '' 0 <"$work/compared")"
closed=$(grep ' closed$' "$work/compared")
tap_is 'it finds a server that is closed though its policy is open' '' \
	"$(compare_policies 's/^relay_flags.*/relay_flags = absent/' 1 <<<"$closed")"
tap_is 'it finds a server that is closed though its policy bounces' '' \
	"$(compare_policies 's/^routing.*/routing = do-not-reroute/' 1 <<<"$closed")"
shut='s/^version.*/version = 5.5/; s/^encapsulated_fix.*/encapsulated_fix = yes/
	/^pop3_imap4/d; /^relay_flags/d; s/^routing.*/routing = reroute\nrelay_flags = 0/'
tap_is 'it finds a server that is open, or bounces, though its policy is closed' '' \
	"$(grep -E ' (open|bounces)$' "$work/compared" | compare_policies "$shut" 1)"
tap_is 'policy audit sees a hole where the probe finds one, and only there' '' \
	"$(audit_policies <"$work/compared")"
tap_done

#!/bin/bash
# probe_table.sh [write] - orbl probe and nmap's smtp-open-relay against mail servers of known
# truth: the real ones of tests/system/probe_real and the scripted ones of
# tests/system/probe_scripted. Prints the table of docs/probing.md; write: puts it in there.
#
# All of it is in a network that reaches nothing else. Both ask from the same address. Each server
# is asked alone by orbl, which has one collector; nmap, which has none, asks some at once.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/mta_lab.sh"
. "$top_srcdir/tests/tools/mta_more.sh"
. "$top_srcdir/tests/system/probe_real/targets.sh"

orbl=${top_builddir:?}/orbl
page=$top_srcdir/docs/probing.md
net=127.25.1
nmap_at_once=8
nmap_limit_s=150

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

# --- servers: NAME ADDRESS TRUTH, one a line ---

list_scripted() {
	local n=10 kind verdict
	while read -r kind verdict _; do
		case $kind in ''|'#'*) continue ;; esac
		n=$((n + 1))
		printf '%s %s %s\n' "$kind" "$net.$n" "$verdict"
	done <"$top_srcdir/tests/system/probe_scripted/kinds"
}

list_real() {
	local name
	for name in $(target_names); do
		printf '%s %s %s\n' "$name" "$(target_address "$name")" "$(target_field "$name" 3)"
	done
}

script_start() { # COLLECTOR:PORT KIND=HOST:PORT...
	rm -f "$dir/fifo" && mkfifo "$dir/fifo"
	: >"$dir/ready"
	python3 "$top_srcdir/tests/tools/smtp_script.py" "$1" probe.test "$dir/report" "${@:2}" \
		<"$dir/fifo" >"$dir/ready" &
	script=$!
	exec 9>"$dir/fifo"
	for _ in {1..100}; do
		! grep -q ready "$dir/ready" || return 0
		sleep 0.1
	done
	return 1
}

script_stop() {
	exec 9>&-
	wait "$script"
}

# --- orbl: NAME VERDICT MILLISECONDS ---

ask_orbl() { # COLLECTOR:PORT NAME ADDRESS
	local begin end
	begin=$(milliseconds)
	timeout 300 "$orbl" probe -c "$dir/conf" --collector "$1" --wait 6 --json "$3" >"$dir/json" \
		2>"$dir/errors" 9>&-
	end=$(milliseconds)
	printf '%s %s %s\n' "$2" "$(jq -r .verdict "$dir/json")" $((end - begin))
}

# --- nmap: the same ---

nmap_verdict() { # OUTPUT
	case $1 in
	*'Server is an open relay'*) echo open ;;
	*"doesn't seem to be an open relay"*|*"isn't an open relay"*) echo closed ;;
	*) echo none ;;
	esac
}

ask_nmap() { # NAME ADDRESS
	local begin end output
	begin=$(milliseconds)
	output=$(timeout "$nmap_limit_s" nmap -n -Pn -p 25 --script smtp-open-relay \
		--script-args smtp-open-relay.domain=probe.test "$2" 2>&1 9>&-)
	end=$(milliseconds)
	printf '%s\n' "$output" >"$dir/nmap.$1"
	printf '%s %s %s\n' "$1" "$(nmap_verdict "$output")" $((end - begin)) >>"$dir/nmap"
}

ask_nmap_all() {
	local worker name address workers=()
	for ((worker = 0; worker < nmap_at_once; worker++)); do
		awk -v n="$nmap_at_once" -v w="$worker" 'NR % n == w' "$dir/list" |
			while read -r name address _; do
				ask_nmap "$name" "$address" </dev/null
			done &
		workers+=($!)
	done
	wait "${workers[@]}"
}

# --- the table ---

# Whether a server relays is all that nmap can say; where even that is open, so is its answer.
join_results() {
	awk 'FILENAME ~ /orbl$/ { orbl[$1] = $2; orbl_ms[$1] = $3; next }
		FILENAME ~ /nmap$/ { nmap[$1] = $2; nmap_ms[$1] = $3; next }
		{
			relays = $3 ~ /^open/
			wanted = relays ? "open" : "closed"
			vague = $3 ~ /^(undecided|untestable|unreachable)$/
			good = nmap[$1] == wanted || (vague && nmap[$1] == "none")
			print $1, $3, orbl[$1], orbl_ms[$1], orbl[$1] == $3, nmap[$1], nmap_ms[$1],
				good, relays
		}' "$dir/orbl" "$dir/nmap" "$dir/list"
}

print_table() {
	printf '| server | truth | orbl | s | nmap | s |\n|---|---|---|---|---|---|\n'
	awk '{
		printf "| %s | %s | %s | %.2f | %s | %.2f |\n", $1, $2, $5 ? $3 : "**" $3 "**", $4 / 1000,
			$8 ? $6 : "**" $6 "**", $7 / 1000
	}' "$dir/results"
}

median() { # FIELD
	awk -v f="$1" '{ print $f }' "$dir/results" | sort -n |
		awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] / 1000 }'
}

print_figures() {
	awk -v m="$(median 4)" -v n="$(median 7)" '{
			all++; relays += $9
			right += $5; nmap_right += $8
			false_open += !$9 && $3 ~ /^open/; nmap_false += !$9 && $6 == "open"
			missed += $9 && $3 !~ /^open/; nmap_missed += $9 && $6 != "open"
			none += $6 == "none"; s += $4; nmap_s += $7
		}
		END {
			printf "| | orbl probe | nmap |\n|---|---|---|\n"
			printf "| right verdicts, of %d | %d | %d |\n", all, right, nmap_right
			printf "| called open, of the %d that are not | %d | %d |\n", all - relays,
				false_open, nmap_false
			printf "| open and not found, of the %d that are | %d | %d |\n", relays, missed,
				nmap_missed
			printf "| no verdict | 0 | %d |\n", none
			printf "| seconds a server, median | %s | %s |\n", m, n
			printf "| seconds a server, mean | %.2f | %.2f |\n", s / all / 1000,
				nmap_s / all / 1000
		}' "$dir/results"
}

# What is between the two lines in the page.
write_page() {
	awk -v file="$dir/page" '/<!-- end of the table -->/ { skip = 0 }
		!skip { print }
		/<!-- table, by tests\/bench\/probe_table.sh -->/ {
			skip = 1
			while ((getline line < file) > 0) print line
		}' "$page" >"$page.new" && mv "$page.new" "$page"
}

measure_orbl() {
	local name address
	list_real | while read -r name address _; do
		ask_orbl "$collector:25" "$name" "$address"
	done >"$dir/orbl"
	list_scripted | while read -r name address _; do
		ask_orbl "$net.1:2525" "$name" "$address"
	done >>"$dir/orbl"
}

main() {
	local scripted=() name address script
	lab_begin || tap_bail 'no laboratory'
	dir=$lab_run/test
	mkdir "$dir"
	printf '%s\n' "probe.source = \"$prober\"" 'probe.helo = "relay-test.example.org"' \
		'probe.allow = {"192.0.2.0/24", "127.0.0.0/8"}' 'probe.retry_after = 2s' \
		'probe.reply_timeout = 10s' 'probe.session_timeout = 10s' \
		>"$dir/conf"
	while read -r name address _; do
		scripted+=("$name=$address:25")
	done < <(list_scripted)
	{ list_real; list_scripted; } >"$dir/list"
	targets_start || tap_bail 'a server did not start'
	# nmap cannot be told the address to connect from.
	ip route replace local 192.0.2.0/24 dev lo src "$prober" || tap_bail 'no route'
	script_start "$net.1:2525" "${scripted[@]}" || tap_bail 'the scripted servers do not start'
	echo "probe_table: orbl" >&2
	measure_orbl
	script_stop
	# Collectors that take everything, for callouts; nmap sends no message.
	script_start "$net.1:2525" "${scripted[@]}" "blackhole=$collector:25" \
		"blackhole=$net.1:2525" ||
		tap_bail 'the scripted servers do not start'
	echo "probe_table: nmap" >&2
	ask_nmap_all
	script_stop
	join_results >"$dir/results"
	[ -z "${ORBL_KEEP_TABLE:-}" ] || cp -r "$dir" "$ORBL_KEEP_TABLE"
	{ print_figures; echo; print_table; } >"$dir/page"
	if [ "$how" = write ]; then write_page; else cat "$dir/page"; fi
}

command -v nmap >/dev/null || tap_bail 'nmap is needed'
if [ "${1:-}" != inside ]; then
	lab_fetch postfix "${lab_more_packages[@]}" || tap_bail 'no packages'
	lab_network "$0" inside "${1:-print}"
fi
how=$2
main

#!/bin/bash
# publish.sh - how long it takes until DNS answers a change of a large list in service, and what
# happens to the queries meanwhile.
#
# BENCH_LARGE entries under BENCH_RATE queries a second; BENCH_CHANGES changes by deltas for
# orbl-dnsd, BENCH_RELOADS by reloading the file for rbldnsd (0: it is left out).
# BENCH_OTHER_DNSD: a second orbl-dnsd to compare with.
. "${top_srcdir:?}/tests/bench/lib.sh"
. "$top_srcdir/tests/bench/peers.sh"

large=${BENCH_LARGE:-10000000}
rate=${BENCH_RATE:-20000}
changes=${BENCH_CHANGES:-250}
reloads=${BENCH_RELOADS:-10}
quiet_s=5

load_begin() { # NAME
	taskset -c "$client_cpu" "$bench/bench_load" "$port" "$large" "$origin" "$rate" \
		>"$dir/load.$1" &
	load=$!
	pids="$pids $load"
	sleep 1
}

# A line "NAME SENT LOST LATE WRONG WORST_MS" into $dir/loads.
load_end() { # NAME
	sleep 1
	server_stop "$load"
	echo "$1 $(cat "$dir/load.$1")" >>"$dir/loads"
}

# The same load while nothing changes, to compare with.
measure_quiet() { # NAME
	load_begin "$1"
	sleep "$quiet_s"
	load_end "$1"
}

# Change a list under load; lines "1 NAME MILLISECONDS WRONG" into $measured.
measure() { # NAME CHANGES KIND PATH TARGET
	local name=$1 load line
	say "$name: $2 changes"
	load_begin "$name"
	taskset -c "$client_cpu" "$bench/bench_publish" "$3" "$port" "$large" "$origin" "$2" "$4" \
		"$5" >"$dir/changes.$name" || say "$name: not all changes were answered"
	load_end "$name"
	while read -r line; do
		echo "1 $name $line"
	done <"$dir/changes.$name" >>"$measured"
}

measure_orbl() { # NAME
	rm -f "$dir/snapshot.delta"
	port_choose
	peer_orbl "snapshot:$dir/snapshot" --control "$dir/socket"
	server_start "$server_cpu" "${command[@]}" || return
	measure_quiet "$1-quiet"
	measure "$1" "$changes" delta "$dir/snapshot" "$dir/socket"
	server_stop "$pid"
}

# On a copy of the list: what rbldnsd is told stays in it.
measure_rbldnsd() { # NAME OPTION...
	local name=$1 server
	shift
	cp "$dir/list.$large" "$dir/list"
	port_choose
	peer_rbldnsd ip4set "$dir/list" "$@"
	server_start "$server_cpu" "${command[@]}" || return
	server=$pid
	[ "$name" != rbldnsd ] || measure_quiet rbldnsd-quiet
	measure "$name" "$reloads" file "$dir/list" "$server"
	server_stop "$server"
}

# --- tables ---

rows='
orbl-dnsd, nothing changed|orbl-quiet
orbl-dnsd, a delta written, synced and told|orbl
the other orbl-dnsd, nothing changed|other-quiet
the other orbl-dnsd, a delta written, synced and told|other
rbldnsd, nothing changed|rbldnsd-quiet
rbldnsd, a line appended and SIGHUP|rbldnsd
rbldnsd -f, a line appended and SIGHUP|rbldnsd-f
'

percentile() { # PERCENT : numbers on standard input
	sort -g | awk -v p="$1" '{ v[NR] = $1 }
		END { if (NR == 0) { print "-"; exit }
			i = int(NR * p / 100 + 0.999999); printf "%.1f\n", v[i < 1 ? 1 : i] }'
}

latency() { # NAME PERCENT
	measured_values "$measured" "$1" 1 | percentile "$2"
}

print_row() { # TITLE NAME
	local sent lost late wrong worst
	read -r sent lost late wrong worst < <(awk -v name="$2" '$1 == name {
		print $2, $3, $4, $5, $6 }' "$dir/loads")
	[ -n "$sent" ] || return
	printf '| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n' "$1" \
		"$(measured_values "$measured" "$2" 1 | wc -l)" "$(latency "$2" 50)" \
		"$(latency "$2" 99)" "$(latency "$2" 100)" "$(grouped "$sent")" \
		"$(grouped "$lost")" "$(grouped "$late")" "$((wrong + $(wrong_changes "$2")))" "$worst"
}

wrong_changes() { # NAME
	measured_values "$measured" "$1" 2 | awk '{ n += $1 } END { print n + 0 }'
}

print_table() {
	local title name
	echo '| server | changes | ms until answered: median | 99 % | longest | queries | lost |' \
		'later than 50 ms | wrong | slowest answer, ms |'
	echo '|---|---|---|---|---|---|---|---|---|---|'
	while IFS='|' read -r title name; do
		print_row "$title" "$name"
	done <<<"$rows"
	echo
}

print_targets() {
	local what
	what="a change of $(grouped "$large") entries until DNS answers it, under load"
	target_at_most "$what, median" 10 "$(latency orbl 50)" ' ms'
	target_at_most "$what, 99 %" 50 "$(latency orbl 99)" ' ms'
	target_at_most 'queries lost meanwhile' 0 \
		"$(awk '$1 == "orbl" { print $3 }' "$dir/loads")" ''
	target_at_most 'answers that were neither the old nor the new ones' 0 \
		"$(awk -v more="$(wrong_changes orbl)" '$1 == "orbl" { print $5 + more }' \
			"$dir/loads")" ''
}

main() {
	bench_begin publish
	measured=$dir/measured
	: >"$measured"
	: >"$dir/loads"
	say "writing $large entries"
	data_make list "$large"
	data_queries "$large" 1
	data_compile "$dir/list.$large" "$dir/snapshot" >"$dir/compiled"
	measure_orbl orbl
	[ -z "${BENCH_OTHER_DNSD-}" ] || dnsd=$BENCH_OTHER_DNSD measure_orbl other
	if [ "$reloads" -gt 0 ] && bench_has rbldnsd; then
		measure_rbldnsd rbldnsd
		measure_rbldnsd rbldnsd-f -f
	fi
	print_table
	print_targets
}

main

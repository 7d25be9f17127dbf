#!/bin/bash
# memory.sh - how much memory a list needs, and how long a server takes until its first answer.
#
# BENCH_COUNT entries and BENCH_LARGE, BENCH_ROUNDS starts of each server, in turn; servers of
# zone files start once and with the smaller list only, and are given BENCH_PATIENCE seconds.
. "${top_srcdir:?}/tests/bench/lib.sh"
. "$top_srcdir/tests/bench/peers.sh"

count=${BENCH_COUNT:-1000000}
large=${BENCH_LARGE:-10000000}
rounds=${BENCH_ROUNDS:-3}
questions=200000
timeout_s=${BENCH_PATIENCE:-120}
has_rbldnsd=no

# A line "ROUND NAME.COUNT MILLISECONDS MEGABYTES" into $measured.
measure() { # ROUND NAME COUNT
	say "$2, $3 entries"
	server_start "$server_cpu" "${command[@]}" || return
	# What no query has touched yet is perhaps not in memory.
	dnsperf -s 127.0.0.1 -p "$port" -d "$dir/queries.$3" -n 1 -c 8 -q 200 -t 2 \
		>"$dir/dnsperf" 2>&1
	echo "$1 $2.$3 $started_ms $(server_pss "$pid")" >>"$measured"
}

measure_orbl() { # ROUND COUNT
	local first
	port_choose
	peer_orbl "snapshot:$dir/$2.snapshot"
	measure "$1" orbl "$2" || return
	first=$pid
	echo "$1 orbl-query.$2 - $(server_pss "$(server_child "$pid" orbl-query)")" >>"$measured"
	# A second server of the same file beside it.
	port_choose
	peer_orbl "snapshot:$dir/$2.snapshot"
	server_start "$server_cpu" "${command[@]}" || return
	echo "$1 orbl-both.$2 - $(server_pss "$first" "$pid")" >>"$measured"
	server_stop "$pid"
	server_stop "$first"
}

measure_rbldnsd() { # ROUND COUNT
	local type
	[ "$has_rbldnsd" = yes ] || return
	for type in ip4set ip4trie ip4tset; do
		port_choose
		if [ $type = ip4tset ]; then
			peer_rbldnsd $type "$dir/plain.$2"
		else
			peer_rbldnsd $type "$dir/list.$2"
		fi
		measure "$1" "rbldnsd-$type" "$2" && server_stop "$pid"
	done
}

measure_zones() {
	local kind
	for kind in $zone_servers; do
		port_choose
		"peer_$kind" "$dir/zone.$count"
		measure 1 $kind "$count" && server_stop "$pid"
	done
}

# --- tables ---

# title | name in $measured | remark
rows='
orbl-dnsd, from a snapshot, all processes|orbl
... of that the process that answers|orbl-query
orbl-dnsd, two servers of the same snapshot, together|orbl-both
rbldnsd, ip4set|rbldnsd-ip4set
rbldnsd, ip4trie|rbldnsd-ip4trie
rbldnsd, ip4tset (one code for all)|rbldnsd-ip4tset
NSD|nsd
Knot DNS|knot
BIND|bind
'

milliseconds() { # NAME
	local format=%.1f
	[[ $1 == orbl* ]] || format=%.0f
	measured_values "$measured" "$1" 1 | grep -vx -e - | spread "$format"
}

print_table() { # COUNT
	local title name
	echo "| server, $(grouped "$1") entries | ms until the first answer | MB of memory (PSS)" \
		'| memory, of rbldnsd ip4set | bytes an entry |'
	echo '|---|---|---|---|---|'
	while IFS='|' read -r title name; do
		[ -n "$(measured_values "$measured" "$name.$1" 2)" ] || continue
		printf '| %s | %s | %s | %s | %s |\n' "$title" "$(milliseconds "$name.$1")" \
			"$(measured_spread "$measured" "$name.$1" 2 %.1f)" \
			"$(measured_ratio_spread "$measured" "$name.$1" "rbldnsd-ip4set.$1" 2)" \
			"$(measured_values "$measured" "$name.$1" 2 | median |
				awk -v n="$1" '{ printf "%.1f", $1 * 1048576 / n }')"
	done <<<"$rows"
	printf '\nThe snapshot has %s MB.\n\n' \
		"$(stat -c %s "$dir/$1.snapshot" | awk '{ printf "%.1f", $1 / 1048576 }')"
}

print_targets() {
	local name=orbl.$large
	target_at_most "memory of $(grouped "$large") addresses" 45 \
		"$(measured_values "$measured" "$name" 2 | median)" ' MB'
	target_at_most "start with $(grouped "$large") addresses until the first answer" 20 \
		"$(measured_values "$measured" "$name" 1 | median)" ' ms'
}

main() {
	local round each
	bench_begin memory
	measured=$dir/measured
	: >"$measured"
	bench_needs dnsperf
	for each in "$count" "$large"; do
		say "writing $each entries"
		data_make list "$each"
		data_make plain "$each"
		data_queries "$each" "$questions"
		data_compile "$dir/list.$each" "$dir/$each.snapshot" >/dev/null
	done
	data_make zone "$count"
	bench_has rbldnsd && has_rbldnsd=yes
	bench_find_zone_servers
	for ((round = 1; round <= rounds; round++)); do
		for each in "$count" "$large"; do
			measure_orbl "$round" "$each"
			measure_rbldnsd "$round" "$each"
		done
	done
	measure_zones
	print_table "$count"
	print_table "$large"
	print_targets
}

main

#!/bin/bash
# serve.sh - what a query costs: processor time of the server for each answer, and answers in a
# second, beside other servers with the same list and the same questions.
#
# BENCH_COUNT entries, BENCH_ROUNDS rounds of BENCH_SECONDS for each server, in turn. BENCH_SERVERS:
# which, of the names below; all by default. BENCH_OTHER_DNSD: a second orbl-dnsd to compare with.
. "${top_srcdir:?}/tests/bench/lib.sh"
. "$top_srcdir/tests/bench/peers.sh"

count=${BENCH_COUNT:-1000000}
rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-3}
questions=200000

# name in $measured | name in the table
titles='
echo|UDP echo: the limit of the sockets
orbl|orbl-dnsd
orbl-all|orbl-dnsd with access list, quota and rate limit
orbl-other|the other orbl-dnsd
rbldnsd-ip4set|rbldnsd, ip4set
rbldnsd-ip4trie|rbldnsd, ip4trie
nsd|NSD
knot|Knot DNS
bind|BIND
'

title_of() { # NAME
	awk -F'|' -v name="$1" '$1 == name { print $2 }' <<<"$titles"
}

# --- servers ---

names=() ports=() server_pids=()

is_wanted() { # NAME
	[[ -z ${BENCH_SERVERS-} || " $BENCH_SERVERS " == *" $1 "* ]]
}

serve() { # NAME : runs $command
	is_wanted "$1" || return
	say "starting $1"
	server_start "$server_cpu" "${command[@]}" || return
	names+=("$1")
	ports+=("$port")
	server_pids+=("$pid")
}

# An echo says NOERROR, but has no answer to wait for.
serve_echo() {
	is_wanted echo || return
	port_choose
	peer_echo
	taskset -c "$server_cpu" "${command[@]}" &
	pids="$pids $!"
	names+=(echo)
	ports+=("$port")
	server_pids+=("$!")
}

# Who asks is in no entry: whom the list lets pass has neither quota nor rate.
write_acl() {
	local i
	for ((i = 0; i < 1000; i++)); do
		printf '10.%d.%d.0/24 :refuse\n' $((i / 250)) $((i % 250))
	done
}

# All bounds are far away, and reckoned with for each query.
write_conf() {
	cat <<-END
		access.quota = 4000000000
		rrl.rate = 1000000000
		dnsd.statistics_file = $dir/statistics
		dnsd.control_socket = $dir/control
	END
}

serve_orbl() {
	port_choose
	peer_orbl "snapshot:$dir/list.snapshot"
	serve orbl
	write_acl >"$dir/acl"
	write_conf >"$dir/conf"
	port_choose
	peer_orbl "snapshot:$dir/list.snapshot" -c "$dir/conf" --zone "=rbldnsd:acl:$dir/acl"
	serve orbl-all
	[ -n "${BENCH_OTHER_DNSD-}" ] || return
	port_choose
	dnsd=$BENCH_OTHER_DNSD peer_orbl "snapshot:$dir/list.snapshot"
	serve orbl-other
}

serve_rbldnsd() {
	local type
	bench_has rbldnsd || return
	for type in ip4set ip4trie; do
		port_choose
		peer_rbldnsd "$type" "$dir/list.$count"
		serve "rbldnsd-$type"
	done
}

serve_zones() {
	local each
	bench_find_zone_servers
	for each in $zone_servers; do
		port_choose
		"peer_$each" "$dir/zone.$count"
		serve "$each"
	done
}

# --- asking ---

# "ANSWERS ANSWERS/S SIZE SHARE_OF_NOERROR LOST" from dnsperf's report.
perf_numbers() {
	awk '/Queries completed:/ { answers = $3 }
		/Queries lost:/ { lost = $3 }
		/Queries per second:/ { rate = $4 }
		/Average packet size:/ { size = $NF }
		/Response codes:/ { for (i = 3; i < NF; i++) if ($i == "NOERROR") {
			share = $(i + 2); gsub(/[(),%]/, "", share) } }
		END { print answers + 0, rate + 0, size + 0, share + 0, lost + 0 }'
}

ask() { # CPUS PORT SECONDS OPTION...
	local cpus=$1 at=$2 for=$3
	shift 3
	taskset -c "$cpus" dnsperf -s 127.0.0.1 -p "$at" -d "$dir/queries.$count" -l "$for" -t 1 "$@" 2>&1 |
		perf_numbers
}

# A line "ROUND NAME MICROSECONDS/ANSWER ANSWERS/S SIZE SHARE LOST" into $measured.
measure() { # ROUND NAME PID ASK_ARGUMENT...
	local round=$1 name=$2 server=$3 before after numbers
	shift 3
	before=$(server_cpu_s "$server")
	numbers=$(ask "$@")
	after=$(server_cpu_s "$server")
	awk -v round="$round" -v name="$name" -v cpu="$before $after" '{ split(cpu, c, " ")
		if ($1 > 0) print round, name, (c[2] - c[1]) * 1e6 / $1, $2, $3, $4, $5 }' \
		<<<"$numbers" >>"$measured"
}

# --- tables ---

print_row() { # NAME
	local name=$1
	printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$(title_of "$name")" \
		"$(measured_spread "$measured" "$name" 1 %.2f)" \
		"$(measured_ratio_spread "$measured" "$name" rbldnsd-ip4set 1)" \
		"$(measured_ratio_spread "$measured" "$name" echo 1)" \
		"$(measured_values "$measured" "$name" 2 | awk '{ print $1 / 1000 }' | spread %.0f)" \
		"$(measured_values "$measured" "$name" 3 | median)" \
		"$(measured_values "$measured" "$name" 4 | median)" \
		"$(measured_values "$measured" "$name" 5 | awk '{ n += $1 } END { print n + 0 }')"
}

print_table() {
	echo '| server | µs of processor time a query | of rbldnsd ip4set | of the echo |' \
		'1,000 answers/s | bytes an answer | % NOERROR | lost |'
	echo '|---|---|---|---|---|---|---|---|'
	for name in "${names[@]}"; do
		print_row "$name"
	done
	echo
}

print_targets() {
	local name=orbl-all what='with statistics, access list, quota and rate limit'
	target_at_most "processor time a query, of rbldnsd ip4set, $what" \
		0.95 "$(measured_ratios "$measured" $name rbldnsd-ip4set 1 | median)" ''
	target_at_most "processor time a query, of the bare UDP echo, $what" 1.10 \
		"$(measured_ratios "$measured" $name echo 1 | median)" ''
}

# --- two workers ---

serve_workers() { # WORKERS CPUS
	port_choose
	peer_orbl "snapshot:$dir/list.snapshot" --workers "$1"
	server_start "$2" "${command[@]}"
}

# With processors to spare: how much more two workers answer than one.
compare_rates() {
	local round workers rest=2-$((processors - 1))
	for ((round = 1; round <= rounds; round++)); do
		for workers in 1 2; do
			serve_workers "$workers" "0-$((workers - 1))" || return
			measure "$round" "workers-$workers" "$pid" "$rest" \
				"$port" "$seconds" -c 64 -q 1600 -T "$((processors - 2))"
			server_stop "$pid"
		done
	done
	printf 'Two workers answer %s times as many queries a second as one, on %d processors.\n\n' \
		"$(measured_ratio_spread "$measured" workers-2 workers-1 2)" "$processors"
	target 'answers a second of two workers, of those of one' 'at least 1.8' \
		"$(measured_ratios "$measured" workers-2 workers-1 2 | median)" \
		"$(measured_ratios "$measured" workers-2 workers-1 2 | median |
			awk '{ print $1 >= 1.8 ? "met" : "**missed**" }')"
}

# Without: whether a query costs more when there are two, each as busy as the one was.
compare_costs() {
	local round workers rate=20000
	for ((round = 1; round <= rounds; round++)); do
		for workers in 1 2; do
			serve_workers "$workers" "0-$((processors - 1))" || return
			measure "$round" "workers-$workers" "$pid" "0-$((processors - 1))" "$port" \
				"$seconds" -c 64 -q 400 -Q "$((rate * workers))"
			server_stop "$pid"
		done
	done
	cat <<-END
		Whether two workers answer twice as much cannot be measured properly on $processors processors,
		one of which has to ask. What can be seen is whether a query costs more when there are two
		workers, each of which answers $(grouped $rate) queries a second, nothing bound to a processor
		(dearer than above, where a server that is never idle takes many queries at once):

		| workers | µs of processor time a query | of one worker |
		|---|---|---|
		| 1 | $(measured_spread "$measured" workers-1 1 %.2f) | 1 |
		| 2 | $(measured_spread "$measured" workers-2 1 %.2f) | $(
			measured_ratio_spread "$measured" workers-2 workers-1 1) |

	END
	target 'answers a second of two workers, of those of one' 'at least 1.8' \
		"a query costs $(measured_ratios "$measured" workers-2 workers-1 1 | median |
			awk '{ printf "%.2f", $1 }') of what it costs one worker" \
		'not measurable on so few processors'
}

compare_workers() {
	say 'one worker and two'
	if [ "$processors" -ge 4 ]; then compare_rates; else compare_costs; fi
}

main() {
	local round i
	bench_begin serve
	measured=$dir/measured
	bench_needs dnsperf
	say "writing $count entries"
	data_make list "$count"
	[ -n "${BENCH_SERVERS-}" ] || data_make zone "$count"
	data_queries "$count" "$questions"
	data_compile "$dir/list.$count" "$dir/list.snapshot" >"$dir/compiled"
	serve_echo
	serve_orbl
	serve_rbldnsd
	[ -n "${BENCH_SERVERS-}" ] || serve_zones
	for ((round = 0; round <= rounds; round++)); do
		say "round $round of $rounds"
		# Round 0 is for the caches, and not counted.
		[ "$round" != 1 ] || : >"$measured"
		for i in "${!names[@]}"; do
			measure "$round" "${names[i]}" "${server_pids[i]}" \
				"$client_cpu" "${ports[i]}" "$((round == 0 ? 1 : seconds))" -c 8 -q 400
		done
	done
	print_table
	print_targets
	for i in "${server_pids[@]}"; do
		server_stop "$i"
	done
	[ -n "${BENCH_SERVERS-}" ] || compare_workers
}

main

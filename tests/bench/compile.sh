#!/bin/bash
# compile.sh - how long a file of rbldnsd takes: to be compiled into a snapshot, to be served by
# orbl-dnsd, which compiles it first, and to be loaded by rbldnsd.
#
# BENCH_LARGE lines, as chance has them and in order; BENCH_ROUNDS rounds, in turn.
. "${top_srcdir:?}/tests/bench/lib.sh"
. "$top_srcdir/tests/bench/peers.sh"

large=${BENCH_LARGE:-10000000}
rounds=${BENCH_ROUNDS:-5}
has_rbldnsd=no

# Lines "ROUND NAME.ORDER WALL_S CPU_S MEGABYTES" into $measured.

compile() { # ROUND ORDER
	local numbers
	say "compiling, $2"
	numbers=$(taskset -c "$server_cpu" "$bench/bench_compile" ip4set "$dir/$2.$large" \
		"$dir/snapshot") || bench_fail "cannot compile"
	awk -v round="$1" -v name="compile.$2" '{ print round, name, $1, $2 + $3, $4 }' \
		<<<"$numbers" >>"$measured"
}

serve() { # ROUND NAME ORDER
	say "$2, $3"
	server_start "$server_cpu" "${command[@]}" || return
	awk -v round="$1" -v name="$2.$3" -v ms="$started_ms" -v cpu="$(server_cpu_s "$pid")" \
		-v mb="$(server_pss "$pid")" \
		'BEGIN { print round, name, ms / 1000, cpu, mb }' >>"$measured"
	server_stop "$pid"
}

# "time 1.5e/0.93u sec" of rbldnsd's log, where ".5" means 5 hundredths.
log_time() {
	sed -n 's/.* time \([0-9]*\)\.\([0-9]*\)e\/\([0-9]*\)\.\([0-9]*\)u sec.*/\1 \2 \3 \4/p' |
		awk 'END { if (NF == 4) printf "%.2f s, of which %.2f s user", $1 + $2 / 100, $3 + $4 / 100 }'
}

measure() { # ROUND ORDER
	compile "$1" "$2"
	port_choose
	peer_orbl "rbldnsd:ip4set:$dir/$2.$large"
	serve "$1" orbl "$2"
	if [ $has_rbldnsd = yes ]; then
		port_choose
		peer_rbldnsd ip4set "$dir/$2.$large"
		serve "$1" rbldnsd "$2"
		rbldnsd_says[$2]=$(log_time <"$dir/log.$port")
	fi
}

rows='
compiled into a snapshot|compile
orbl-dnsd, from exec to the first answer|orbl
rbldnsd, from exec to the first answer|rbldnsd
'

print_table() { # ORDER TITLE
	local title name
	echo "| $(grouped "$large") lines, $2 | seconds | of rbldnsd | user + system | of rbldnsd | MB |"
	echo '|---|---|---|---|---|---|'
	while IFS='|' read -r title name; do
		[ -n "$(measured_values "$measured" "$name.$1" 1)" ] || continue
		printf '| %s | %s | %s | %s | %s | %s |\n' "$title" \
			"$(measured_spread "$measured" "$name.$1" 1 %.2f)" \
			"$(measured_ratio_spread "$measured" "$name.$1" "rbldnsd.$1" 1)" \
			"$(measured_spread "$measured" "$name.$1" 2 %.2f)" \
			"$(measured_ratio_spread "$measured" "$name.$1" "rbldnsd.$1" 2)" \
			"$(measured_values "$measured" "$name.$1" 3 | median)"
	done <<<"$rows"
	[ -z "${rbldnsd_says[$1]:-}" ] ||
		printf '\nBy its own log rbldnsd took %s in the last round.\n' "${rbldnsd_says[$1]}"
	echo
}

print_targets() { # ORDER TITLE
	target_at_most "compiling $(grouped "$large") lines, $2, of the time rbldnsd takes to load them" \
		1 "$(measured_ratios "$measured" "compile.$1" "rbldnsd.$1" 1 | median)" ''
}

main() {
	local round order
	declare -A rbldnsd_says=()
	bench_begin compile
	measured=$dir/measured
	: >"$measured"
	data_queries "$large" 1
	for order in list sorted; do
		say "writing $large lines, $order"
		data_make $order "$large"
	done
	bench_has rbldnsd && has_rbldnsd=yes
	for ((round = 1; round <= rounds; round++)); do
		measure "$round" list
		measure "$round" sorted
	done
	print_table list 'as chance has them'
	print_table sorted 'in order'
	print_targets list 'as chance has them'
	print_targets sorted 'in order'
}

main

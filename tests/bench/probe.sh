#!/bin/bash
# probe.sh - what probes cost: the whole catalogue against one host that answers at once, and
# thousands of hosts at once, all on loopback.
#
# BENCH_HOSTS hosts at once, which answer after BENCH_DELAY ms; BENCH_ROUNDS probes of one host.
. "${top_srcdir:?}/tests/bench/lib.sh"

hosts=${BENCH_HOSTS:-5000}
delay=${BENCH_DELAY:-1000}
rounds=${BENCH_ROUNDS:-5}
collector=127.31.0.1
mail_port=

start_hosts() { # DELAY_MS MODE
	rm -f "$dir/fifo"
	mkfifo "$dir/fifo"
	"$bench/probe_hosts" "$port" "$1" "$2" "$collector:$mail_port" probe.test \
		<"$dir/fifo" >"$dir/hosts" &
	pids="$pids $!"
	hosts_pid=$!
	exec 9>"$dir/fifo"
	until grep -q ready "$dir/hosts" || ! kill -0 "$hosts_pid" 2>/dev/null; do
		sleep 0.05
	done
}

# Sets $connections, $most and $most_at_host.
stop_hosts() {
	exec 9>&-
	wait "$hosts_pid"
	read -r connections most most_at_host < <(tail -n1 "$dir/hosts")
}

probe() { # WAIT TARGET...
	local wait_s=$1
	shift
	"$top_builddir/orbl" probe -c "$dir/conf" --collector "$collector:$mail_port" \
		--allow 127.0.0.0/8 --wait "$wait_s" --json "$@" >"$dir/out" 2>"$dir/err"
}

verdicts() {
	grep -o '"verdict":"[a-z-]*"' "$dir/out" | sort | uniq -c |
		awk '{ gsub(/.*:|"/, "", $2); printf "%s%s %s", s, $1, $2; s = ", " }'
}

# --- one host ---

# Lines "ROUND MODE SECONDS" into $measured.
probe_one() { # MODE OPTION...
	local mode=$1 round begin
	shift
	say "the whole catalogue, host: $mode $*"
	start_hosts 0 "$mode"
	for ((round = 1; round <= rounds; round++)); do
		begin=$(date +%s.%N)
		probe 5 "$@" "127.30.0.1:$port"
		awk -v round="$round" -v mode="$mode" -v a="$begin" -v b="$(date +%s.%N)" \
			'BEGIN { printf "%d %s %.3f\n", round, mode, b - a }' >>"$measured"
	done
	stop_hosts
	printf '| %s | %s | %d | %s |\n' "$(title_of "$mode")" \
		"$(measured_spread "$measured" "$mode" 1 %.2f)" $((connections / rounds)) "$(verdicts)"
}

title_of() { # MODE
	case $1 in
	closed) echo 'it refuses all cases' ;;
	last) echo 'it relays the last case, and the message comes back' ;;
	open) echo 'it relays all cases, all are asked for (`--all`)' ;;
	esac
}

measure_one() {
	echo '| the whole catalogue, one host that answers at once | seconds | connections | verdict |'
	echo '|---|---|---|---|'
	probe_one closed
	probe_one last
	probe_one open --all
	echo
	target_at_most 'the whole catalogue against one host, until the message is back' 3 \
		"$(measured_values "$measured" last 1 | median)" ' s'
}

# --- thousands ---

print_many() {
	echo '| hosts | sessions at once | at most at one host | seconds | hosts a second | MB | all cases answered |'
	echo '|---|---|---|---|---|---|---|'
	awk -v n="$hosts" -v most="$most" -v each="$most_at_host" '{
		printf "| %d | %d | %d | %.1f | %.0f | %.1f | %d |\n\n", n, most, each, $1, n / $1, $2 / 1024,
			$3 }' "$dir/many"
}

measure_many() {
	say "$hosts hosts at once"
	start_hosts "$delay" closed
	"$bench/bench_probe" "$hosts" "$port" "$collector:$mail_port" probe.test >"$dir/many" ||
		say 'bench_probe did not come to its end'
	stop_hosts
	print_many
	target 'sessions at once, one process' "at least $(grouped "$hosts")" "$(grouped "$most")" \
		"$([ "$most" -ge "$hosts" ] && echo met || echo '**missed**')"
	target_at_most "memory of $hosts sessions" 100 \
		"$(awk '{ printf "%.1f", $2 / 1024 }' "$dir/many")" ' MB'
	target 'connections to one host at once' 'at most 1' "$most_at_host" \
		"$([ "$most_at_host" -le 1 ] && echo met || echo '**missed**')"
}

main() {
	bench_begin probe
	bench_not_sanitized "$top_builddir/orbl"
	measured=$dir/measured
	: >"$measured"
	port_choose
	mail_port=$((port + 1))
	ulimit -n "$(ulimit -Hn)"
	: >"$dir/conf"
	measure_one
	measure_many
}

main

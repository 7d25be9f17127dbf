#!/bin/bash
# instructions.sh - instructions a query in user space, counted by callgrind: a number that does not
# depend on the machine's mood. The kernel's part is not in it.
#
# BENCH_COUNT entries; BENCH_QUERIES questions, asked by dnsperf of a server that has loaded. Only
# what happens between the first and the last of them is counted. NSD forks, and callgrind takes no
# commands for what was forked: of NSD the difference counts between a run with these questions
# more and one with a few, and, as it loads slowly, with BENCH_SMALL entries. The process of ours that
# answers is sealed, so that valgrind cannot be in it: bench_udp does what its worker does, and what
# is counted is udp_serve, from recvmmsg to sendmmsg.
. "${top_srcdir:?}/tests/bench/lib.sh"
. "$top_srcdir/tests/bench/peers.sh"

count=${BENCH_COUNT:-1000000}
questions=${BENCH_QUERIES:-40000}
small=${BENCH_SMALL:-50000}
few=10000
timeout_s=${BENCH_PATIENCE:-180}
answer_bench=$top_builddir/tests/tools/answer_bench

callgrind=(valgrind --tool=callgrind)

tell_callgrind() { # OPTION... : to all processes of the server
	local each
	for each in $(server_tree "$pid"); do
		timeout 20 "${as_user[@]}" callgrind_control --vgdb-prefix="$dir/vgdb" "$@" "$each" \
			>>"$dir/callgrind_control" 2>&1 ||
			say "callgrind does not take $*"
	done
}

sum_of_dumps() { # FILE...
	awk '/^totals:/ { n += $2 } END { print n + 0 }' "$@"
}

print_row() { # TITLE INSTRUCTIONS ANSWERS
	awk -v title="$1" -v n="$2" -v answers="$3" 'BEGIN {
		if (n > 0 && answers > 0) printf "| %s | %.0f |\n", title, n / answers }'
}

ask() { # QUERIES : prints how many were answered
	taskset -c "$client_cpu" dnsperf -s 127.0.0.1 -p "$port" -n 1 -c 8 -q 100 -t 5 -d "$1" 2>&1 |
		awk '/Queries completed:/ { print $3 }'
}

# Run $command, ask, and print a row; sets $each, instructions a query.
measure() { # TITLE
	local answers files=() one total
	say "$1"
	server_start "$server_cpu" "${command[@]}" || return
	tell_callgrind -i on
	tell_callgrind -z
	answers=$(ask "$dir/queries.$count")
	tell_callgrind -d
	for one in $(server_tree "$pid"); do
		files+=("$dir/callgrind.$one".*)
	done
	total=$(sum_of_dumps "${files[@]}")
	print_row "$1" "$total" "$answers"
	each=$((total / (answers > 0 ? answers : 1)))
	server_stop "$pid"
}

# A row of udp_serve; sets $each.
measure_udp() { # TITLE [ACL]
	local out=$dir/udp.$# answers total
	say "$1"
	answers=$("${callgrind[@]}" --toggle-collect=udp_serve --callgrind-out-file="$out" \
		"$bench/bench_udp" "$dir/snapshot" "$origin" "$dir/queries.$count" "$questions" \
		"${@:2}" 2>>"$dir/log") || return
	answers=${answers% *}
	total=$(sum_of_dumps "$out")
	print_row "$1" "$total" "$answers"
	each=$((total / (answers > 0 ? answers : 1)))
}

# Who asks is in no entry.
write_acl() {
	local i
	for ((i = 0; i < 1000; i++)); do
		printf '10.%d.%d.0/24 :refuse\n' $((i / 250)) $((i % 250))
	done >"$dir/acl"
	"$bench/bench_compile" acl "$dir/acl" "$dir/acl.snapshot" >"$dir/compiled" ||
		bench_fail 'cannot compile an access list'
}

# Ours without sockets: the same with more questions, minus the same with fewer.
measure_answers() {
	local number
	[ -x "$answer_bench" ] || return
	say 'answers without sockets'
	for number in "$few" $((few + questions)); do
		"${callgrind[@]}" --callgrind-out-file="$dir/answer.$number" "$answer_bench" \
			"$dir/snapshot" "$origin" "$number" >>"$dir/log" 2>&1 || return
	done
	print_row 'orbl-dnsd, the answer alone (no sockets)' \
		"$(($(sum_of_dumps "$dir/answer.$((few + questions))") -
			$(sum_of_dumps "$dir/answer.$few")))" "$questions"
}

measure_rbldnsd() {
	local type
	for type in ip4set ip4trie; do
		port_choose
		peer_rbldnsd $type "$dir/list.$count"
		measure "rbldnsd, $type"
	done
}

measure_nsd() {
	local number answers=() totals=()
	data_make zone "$small"
	as_user=()
	for number in "$few" $((few + questions)); do
		say "NSD, $number questions"
		data_queries "$small" "$number"
		under=("${callgrind[@]}" --vgdb=no --callgrind-out-file="$dir/nsd.$number.%p")
		port_choose
		peer_nsd "$dir/zone.$small"
		server_start "$server_cpu" "${command[@]}" || return
		answers+=("$(ask "$dir/queries.$small")")
		server_stop "$pid"
		totals+=("$(sum_of_dumps "$dir/nsd.$number".*)")
	done
	print_row "NSD, $(grouped "$small") entries" "$((totals[1] - totals[0]))" \
		"$((answers[1] - answers[0]))"
}

main() {
	local each orbl_each=- peer peers=
	bench_begin instructions
	bench_needs valgrind dnsperf
	bench_has rbldnsd && peers=measure_rbldnsd
	bench_has NSD && peers="$peers measure_nsd"
	data_make list "$count"
	data_queries "$count" "$questions"
	data_compile "$dir/list.$count" "$dir/snapshot" >"$dir/compiled"
	echo "| $(grouped "$count") entries | instructions a query |"
	echo '|---|---|'
	write_acl
	under=("${callgrind[@]}" --instr-atstart=no --vgdb-prefix="$dir/vgdb"
		--callgrind-out-file="$dir/callgrind.%p")
	measure_udp orbl-dnsd && orbl_each=$each
	measure_udp 'orbl-dnsd with access list, quota and rate limit' "$dir/acl.snapshot"
	measure_answers
	for peer in $peers; do
		"$peer"
	done
	echo
	target_at_most 'user-space instructions a query' 600 "$orbl_each" ''
}

main

# lib.sh - sourced by the benchmarks: servers that are started and ended, what they used, and
# tables.
#
#	bench_begin FIGURE       makes $dir, which goes when the script ends, and $results
#	bench_has PEER           is it installed? when not, says so, and what to install
#	data_make WHAT COUNT     $dir/WHAT.COUNT
#	data_queries COUNT NUMBER
#	server_start CPU COMMAND...   sets $pid and $started_ms; $port must be what it listens on
#	server_stop PID
#	measured_* FILE ...      medians and ratios of what was measured, see below
#	target WHAT WANTED GOT MET    a row for the table of targets
#
# Needs $top_srcdir and $top_builddir. A figure prints Markdown on standard output, and what it is
# doing on standard error. Nothing here fails because of a time that was measured.

set -u
: "${top_srcdir:?}" "${top_builddir:?}"
bench=$top_builddir/tests/bench
dnsd=$top_builddir/orbl-dnsd
results=${BENCH_RESULTS:-$top_builddir/bench}
origin=bl.example
dir=
pids=
port=$((20000 + RANDOM % 8000))
processors=$(nproc)
server_cpu=0
client_cpu=$((processors > 1 ? 1 : 0))

say() {
	printf 'bench: %s\n' "$*" >&2
}

bench_fail() {
	say "$*"
	exit 1
}

bench_clean_up() {
	local each
	for each in $pids; do
		kill -TERM "$each" 2>/dev/null
	done
	for each in $pids; do
		server_wait "$each"
	done
	[ -z "$dir" ] || rm -rf "$dir"
}

bench_begin() { # FIGURE
	figure=$1
	dir=$(mktemp -d "${TMPDIR:-/tmp}/orbl-bench.XXXXXX") || exit 1
	[ "$(id -u)" != 0 ] || chown nobody "$dir" # whom orbl-dnsd becomes (dnsd.user)
	trap bench_clean_up EXIT
	trap 'exit 1' HUP INT TERM
	mkdir -p "$results" || exit 1
	: >"$results/$figure.targets"
	: >"$results/$figure.peers"
	bench_not_sanitized "$dnsd"
	[ "$processors" -gt 1 ] || say 'one processor only: servers and those who ask share it'
}

bench_not_sanitized() { # PROGRAM
	if [ -n "$(nm "$1" 2>/dev/null | grep -m1 __asan_init)" ]; then
		bench_fail "$1 was built with sanitizers; measure a build without"
	fi
}

# --- peers ---

# name | command | Debian package
bench_peers='
rbldnsd|rbldnsd|rbldnsd
NSD|nsd|nsd
Knot DNS|knotd|knot
BIND|named|bind9
dnsperf|dnsperf|dnsperf
valgrind|valgrind|valgrind
ripgrep|rg|ripgrep
mawk|mawk|mawk
mtail|mtail|mtail
pflogsumm|pflogsumm|pflogsumm
fail2ban|fail2ban-regex|fail2ban
gzip|gzip|gzip
zstd|zstd|zstd
xz|xz|xz-utils
'

bench_peer() { # NAME FIELD
	awk -F'|' -v name="$1" -v field="$2" '$1 == name { print $field }' <<<"$bench_peers"
}

bench_has() { # PEER
	local command
	command=$(bench_peer "$1" 2)
	PATH=$PATH:/usr/sbin:/sbin
	if command -v "$command" >/dev/null; then
		echo "$1" >>"$results/$figure.peers"
		return 0
	fi
	say "$1 is left out: it is not installed (Debian package $(bench_peer "$1" 3))"
	printf '%s is not installed here (Debian package %s) and was left out.\n\n' "$1" \
		"$(bench_peer "$1" 3)"
	return 1
}

bench_needs() { # PEER...
	local each
	for each in "$@"; do
		bench_has "$each" || exit 0
	done
}

# Which of the servers of zone files are there: sets $zone_servers, of names for "peer_NAME".
bench_find_zone_servers() {
	zone_servers=
	bench_has NSD && zone_servers=nsd
	bench_has 'Knot DNS' && zone_servers="$zone_servers knot"
	bench_has BIND && zone_servers="$zone_servers bind"
}

# --- data ---

data_make() { # WHAT COUNT
	local file=$dir/$1.$2
	[ -s "$file" ] || "$bench/bench_data" "$1" "$2" "$origin" >"$file" ||
		bench_fail "cannot write $file"
}

data_queries() { # COUNT NUMBER : $dir/queries.COUNT, and $listed_name, which each list has
	"$bench/bench_data" queries "$1" "$origin" "$2" >"$dir/queries.$1" || exit 1
	listed_name=$(head -n1 "$dir/queries.$1")
	listed_name=${listed_name% *}
}

# Prints what bench_compile does.
data_compile() { # FILE SNAPSHOT
	"$bench/bench_compile" ip4set "$1" "$2" || bench_fail "cannot compile $1"
}

# --- servers ---

server_is_settled() { # FILE PID
	[ -s "$1" ] || ! kill -0 "$2" 2>/dev/null
}

# A port that nobody has at the moment.
port_choose() {
	local taken
	taken=$(cat /proc/net/udp /proc/net/tcp)
	port=$((port + 1))
	while grep -qi "0100007F:$(printf %04x "$port") " <<<"$taken"; do
		port=$((port + 1))
	done
}

# Until it answers for $listed_name; false: it did not, within $timeout_s.
server_start() { # CPU COMMAND...
	local cpu=$1 file=$dir/started.$port
	shift
	rm -f "$file"
	taskset -c "$cpu" "$bench/bench_start" "$file" "$port" "$listed_name" \
		"$((${timeout_s:-120} * 1000))" "$@" >"$dir/log.$port" 2>&1 </dev/null &
	pid=$!
	pids="$pids $pid"
	until server_is_settled "$file" "$pid"; do
		sleep 0.02
	done
	started_ms=$(cat "$file" 2>/dev/null)
	case ${started_ms:-none} in
	none)
		if kill -0 "$pid" 2>/dev/null; then
			say "no answer within ${timeout_s:-120} s from: $*"
		else
			say "ended at once: $*"
		fi
		tail -n 5 "$dir/log.$port" >&2
		server_stop "$pid"
		return 1
		;;
	esac
}

# Some seconds to end by itself; what then is still there is ended.
server_wait() { # PID
	local tries=200 all
	all=$(server_tree "$1")
	while kill -0 "$1" 2>/dev/null && [ $((tries -= 1)) -gt 0 ]; do
		sleep 0.05
	done
	# shellcheck disable=SC2086
	kill -KILL $all 2>/dev/null
	wait "$1" 2>/dev/null
}

server_stop() { # PID
	local each rest=
	kill -TERM "$1" 2>/dev/null
	server_wait "$1"
	for each in $pids; do
		[ "$each" = "$1" ] || rest="$rest $each"
	done
	pids=$rest
}

# A process and all below it.
server_tree() { # PID
	local todo=$1 each
	while [ -n "$todo" ]; do
		each=${todo%% *}
		todo=${todo#"$each"}
		todo=${todo# }
		[ -d "/proc/$each" ] || continue
		echo "$each"
		todo="$(cat "/proc/$each/task"/*/children 2>/dev/null | tr -d '\n') $todo"
		todo=$(tr -s ' ' <<<"$todo")
		todo=${todo# }
		todo=${todo% }
	done
}

# Which of them has this name.
server_child() { # PID NAME
	local each
	for each in $(server_tree "$1"); do
		[ "$(cat "/proc/$each/comm" 2>/dev/null)" != "$2" ] || echo "$each"
	done
}

# User and system time since each began, children that ended included; in seconds.
server_cpu_s() { # PID
	local each
	for each in $(server_tree "$1"); do
		sed 's/.*) //' "/proc/$each/stat" 2>/dev/null
	done | awk -v hz="$(getconf CLK_TCK)" '{ n += $12 + $13 + $14 + $15 } END { printf "%.2f\n", n / hz }'
}

# Memory in MB, where what several processes share counts once.
server_pss() { # PID...
	local each
	for each in "$@"; do
		server_tree "$each"
	done | while read -r each; do
		cat "/proc/$each/smaps_rollup" 2>/dev/null
	done | awk '/^Pss:/ { n += $2 } END { printf "%.1f\n", n / 1024 }'
}

# --- what was measured ---
#
# A file of lines "ROUND NAME VALUE VALUE ...", VALUE 1 being the first. Names have no blanks.

median() { # numbers on standard input; "-" when there are none
	sort -g | awk '{ v[NR] = $1 }
		END { if (NR == 0) print "-"
			else print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

measured_values() { # FILE NAME VALUE
	awk -v name="$2" -v column="$(($3 + 2))" '$2 == name { print $column }' "$1"
}

# Those of NAME divided by those of PEER of the same round.
measured_ratios() { # FILE NAME PEER VALUE
	awk -v name="$2" -v peer="$3" -v column="$(($4 + 2))" '
		$2 == name { mine[$1] = $column }
		$2 == peer { theirs[$1] = $column }
		END { for (i in mine) if (theirs[i] > 0) printf "%.4f\n", mine[i] / theirs[i] }' "$1"
}

# "MEDIAN (LOWEST-HIGHEST)", numbers as FORMAT has them.
spread() { # FORMAT : numbers on standard input
	sort -g | awk -v f="$1" '{ v[NR] = $1 }
		END { if (NR == 0) { print "–"; exit }
			m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
			if (NR == 1) printf f "\n", m
			else printf f " (" f "–" f ")\n", m, v[1], v[NR] }'
}

measured_spread() { # FILE NAME VALUE FORMAT
	measured_values "$1" "$2" "$3" | spread "$4"
}

measured_ratio_spread() { # FILE NAME PEER VALUE
	measured_ratios "$1" "$2" "$3" "$4" | spread '%.2f'
}

grouped() { # NUMBER : with a comma for each thousand
	sed -e :a -e 's/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/' -e ta <<<"$1"
}

target() { # WHAT WANTED GOT MET
	printf '| %s | %s | %s | %s |\n' "$1" "$2" "$3" "$4" >>"$results/$figure.targets"
}

# The same where GOT is a number that must not be above LIMIT (with "-": nothing was measured).
target_at_most() { # WHAT LIMIT GOT UNIT
	local got=$3$4
	[ "$3" = - ] || got=$(awk -v got="$3" -v limit="$2" -v unit="$4" 'BEGIN {
		printf(limit < 5 && got != int(got) ? "%.2f%s" : "%.4g%s", got, unit) }')
	[ "$3" != - ] || got=–
	target "$1" "at most $2$4" "$got" "$(awk -v got="$3" -v limit="$2" 'BEGIN {
		print got == "-" ? "not measured" : got + 0 <= limit + 0 ? "met" : "**missed**" }')"
}

# The same where GOT must not be below LIMIT.
target_at_least() { # WHAT LIMIT GOT
	local got
	got=$(awk -v got="$3" 'BEGIN { print got == "-" ? "–" : sprintf("%.3g", got) }')
	target "$1" "at least $2" "$got" "$(awk -v got="$3" -v limit="$2" 'BEGIN {
		print got == "-" ? "not measured" : got + 0 >= limit + 0 ? "met" : "**missed**" }')"
}

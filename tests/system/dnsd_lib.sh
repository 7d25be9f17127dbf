# dnsd_lib.sh - sourced by the dnsd_*.sh scripts: a real orbl-dnsd on a free loopback port.
#
#	dnsd_start ARGUMENT...   sets $port and $dnsd_pid; its log is $dir/log
#	dnsd_stop [SIGNAL]       sets $dnsd_status
#	dnsd_child NAME          prints the process that it has started by this name
#	ask NAME TYPE [DIG OPTION...]
#	wait_until SECONDS COMMAND...
#
# Needs $top_srcdir and $top_builddir; makes $dir, which goes when the script ends.

# shellcheck source=../tap.sh
. "${top_srcdir:?}/tests/tap.sh"

dnsd=$top_builddir/orbl-dnsd
make_snapshot=$top_builddir/tests/tools/make_snapshot
make_delta=$top_builddir/tests/tools/make_delta
control_send=$top_builddir/tests/tools/control_send
dir=$(mktemp -d "${TMPDIR:-/tmp}/orbl-dnsd-test.XXXXXX")
# As root the daemon becomes nobody (dnsd.user), who has to read what is here and takes the control
# socket away in the end.
[ "$(id -u)" != 0 ] || chown nobody "$dir"
dnsd_pid=
dnsd_status=
port=
other_pids=

dnsd_clean_up() {
	local pid
	for pid in $dnsd_pid $other_pids; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rm -rf "$dir"
}
trap dnsd_clean_up EXIT
trap 'exit 1' HUP INT TERM

wait_until() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

log_has() { # REGEX
	grep -Eq -- "$1" "$dir/log"
}

dnsd_is_settled() {
	log_has ': ready on ' || ! kill -0 "$dnsd_pid" 2>/dev/null
}

# Another program may take a port between our choice and the daemon's bind, so the daemon
# itself is what tries ports.
dnsd_start() {
	local tries=20
	while [ $((tries -= 1)) -gt 0 ]; do
		port=$((20000 + RANDOM % 12000))
		: >"$dir/log"
		"$dnsd" --listen "127.0.0.1@$port" "$@" 2>"$dir/log" &
		dnsd_pid=$!
		wait_until 20 dnsd_is_settled
		log_has ': ready on ' && return 0
		kill -KILL "$dnsd_pid" 2>/dev/null
		wait "$dnsd_pid" 2>/dev/null
		dnsd_pid=
		log_has 'another program answers there' || break
	done
	tap_note "$(cat "$dir/log")"
	tap_bail "orbl-dnsd does not start"
}

dnsd_stop() {
	kill "-${1:-TERM}" "$dnsd_pid"
	wait "$dnsd_pid"
	dnsd_status=$?
	dnsd_pid=
}

# The process of this name that the daemon has started: orbl-query, orbl-transfer, orbl-observer,
# orbl-loader; nothing when there is none.
dnsd_child() { # NAME
	local pid name pids=
	read -r pids <"/proc/$dnsd_pid/task/$dnsd_pid/children" # without a newline
	for pid in $pids; do
		name=
		read -r name 2>/dev/null <"/proc/$pid/comm"
		[ "$name" != "$1" ] || echo "$pid"
	done
}

ask() {
	local name=$1 type=$2
	shift 2
	# A type may have its class before it: "CH TXT".
	# shellcheck disable=SC2086
	dig +norecurse +tries=1 +time=5 "@127.0.0.1" -p "$port" "$@" "$name" $type 2>&1
}

ask_short() {
	ask "$@" +short
}

# rcode, flags, and numbers of answers, authorities: "NOERROR aa 1 0"
ask_summary() {
	ask "$@" | awk '
		/->>HEADER<<-/ { sub(/.*status: /, ""); sub(/,.*/, ""); rcode = $0 }
		/^;; flags:/ {
			flags = $0; sub(/^;; flags: /, "", flags); sub(/;.*/, "", flags)
			sub(/^qr ?/, "", flags)
			answers = $0; sub(/.*ANSWER: /, "", answers); sub(/,.*/, "", answers)
			authority = $0; sub(/.*AUTHORITY: /, "", authority)
			sub(/,.*/, "", authority)
		}
		END { print rcode, (flags == "" ? "-" : flags), answers, authority }'
}

tap_asked() { # TEST SUMMARY NAME TYPE [OPTION...]
	local test=$1 wanted=$2
	shift 2
	tap_is "$test" "$wanted" "$(ask_summary "$@")"
}

# Bytes in printf's notation over UDP; prints the reply in hex, "" when there is none.
send_raw() {
	exec 9<>"/dev/udp/127.0.0.1/$port"
	# shellcheck disable=SC2059
	printf "$1" >&9
	timeout "${2:-1}" dd bs=4096 count=1 <&9 2>/dev/null | od -An -v -tx1 | tr -d ' \n'
	exec 9>&-
}

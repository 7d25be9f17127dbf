# orbl_lab.sh - the programs under test, in a folder of their own: source it after tap.sh.
#
#	orbl_begin [LINE...]      make the folder $orbl_dir and orbl.conf there
#	orbl_start_analyzer       start, wait until it is ready
#	orbl_start_dnsd [ARG...]  the same; ARGs are added to its command line
#	orbl_stop NAME [SIGNAL]   analyzer, dnsd or a name given to orbl_spawn
#	orbl_spawn NAME COMMAND.. start anything in the background, output to NAME.log
#	orbl_wait SECONDS CMD...  until CMD succeeds; fails when it never does
#	orbl_dig NAME TYPE        +short answer of our dnsd
#	orbl ...                  the command, with the configuration of the folder
#
# Ports are picked free on 127.0.0.1; everything stops, and the folder goes, at exit.

orbl_dir=
declare -A orbl_pids=()

orbl_free_port() {
	python3 -c 'import socket
a = socket.socket(); a.bind(("127.0.0.1", 0)); p = a.getsockname()[1]
b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); b.bind(("127.0.0.1", p)); print(p)'
}

orbl_begin() {
	orbl_dir=$(mktemp -d "${TMPDIR:-/tmp}/orbl.XXXXXX") || exit 1
	trap orbl_end EXIT
	chmod 755 "$orbl_dir"
	orbl_dns_port=$(orbl_free_port)
	orbl_collector_port=$(orbl_free_port)
	orbl_probe_port=$(orbl_free_port)
	cat >"$orbl_dir/orbl.conf" <<-END
	log.level = debug
	control.socket = "$orbl_dir/analyzer.sock"
	store.path = "$orbl_dir/orbl.db"
	audit.file = "$orbl_dir/audit.jsonl"
	audit.key = "$orbl_dir/audit.key"
	zone.name = "dnsbl.test"
	zone.snapshot = "$orbl_dir/orbl.snapshot"
	dnsd.listen = {"127.0.0.1@$orbl_dns_port"}
	dnsd.control_socket = "$orbl_dir/dnsd.sock"
	dnsd.check_interval = 1
	collector.listen = "127.0.0.1@$orbl_collector_port"
	probe.port = $orbl_probe_port
	probe.allow = {"127.0.0.0/8"}
	probe.wait = 5s
	probe.retry_after = 2s
	score.new_trust = 100
	listing.notice_output = 0
	listing.notice_bouncer = 0
	END
	[ $# = 0 ] || printf '%s\n' "$@" >>"$orbl_dir/orbl.conf"
}

orbl_end() {
	local name
	for name in "${!orbl_pids[@]}"; do orbl_stop "$name"; done
	[ -z "$orbl_dir" ] || rm -rf "$orbl_dir"
}

orbl_spawn() { # NAME COMMAND...
	local name=$1
	shift
	"$@" >>"$orbl_dir/$name.log" 2>&1 &
	orbl_pids[$name]=$!
}

orbl_stop() { # NAME [SIGNAL]
	local pid=${orbl_pids[$1]:-}
	[ -n "$pid" ] || return 0
	kill "-${2:-TERM}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	unset "orbl_pids[$1]"
}

orbl_wait() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

orbl_start() { # NAME PROGRAM [ARG...]
	local name=$1 lines
	shift
	lines=$(cat "$orbl_dir/$name.log" 2>/dev/null | wc -l)
	orbl_spawn "$name" "$@"
	orbl_wait 20 sh -c "tail -n +$((lines + 1)) '$orbl_dir/$name.log' | grep -q 'notice: ready'" &&
		return
	tap_note "$(tail -n 20 "$orbl_dir/$name.log")"
	tap_bail "$name does not get ready"
}

orbl_start_analyzer() {
	orbl_start analyzer "$top_builddir/orbl-analyzer" -c "$orbl_dir/orbl.conf"
}

orbl_start_dnsd() {
	orbl_start dnsd "$top_builddir/orbl-dnsd" -c "$orbl_dir/orbl.conf" "$@"
}

orbl() {
	ORBL_CONF=$orbl_dir/orbl.conf "$top_builddir/orbl" "$@"
}

orbl_dig() { # NAME TYPE
	dig +short +tries=1 +time=3 -p "$orbl_dns_port" @127.0.0.1 "$1" "$2"
}

# A log line as Postfix writes it, for tests whose subject is not the log.
orbl_denial() { # CLIENT [REPORTER]
	printf '%s %s postfix/smtpd[4711]: NOQUEUE: reject: RCPT from unknown[%s]: ' \
		"$(date -u +%Y-%m-%dT%H:%M:%S.%6N+00:00)" "${2:-mx1}" "$1"
	printf '554 5.7.1 <victim@elsewhere.example>: Relay access denied; '
	printf 'from=<spam@sender.example> to=<victim@elsewhere.example> proto=ESMTP helo=<mail.example>\n'
}

# No probe is waiting or under way.
orbl_idle() {
	[ "$(orbl status --json | jq '.probes_waiting + .probes_running')" = 0 ]
}

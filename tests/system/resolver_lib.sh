# resolver_lib.sh - sourced after dnsd_lib.sh: a real Unbound that minimises names strictly and trusts
# an NXDOMAIN for all below it (RFC 9156, RFC 8020).
#
#	resolver_start ZONE...   on a free port, asking orbl-dnsd on $port; sets $resolver_port
#	resolver_start_at ADDRESS[@PORT] SERVER@PORT ZONE...
#	resolver_stop
#
# Sets $resolver_pid and adds it to $other_pids, which end with the script.

tap_need unbound
resolver_pid=
resolver_port=

resolver_conf() { # ADDRESS[@PORT] SERVER@PORT ZONE...
	local address=$1 server=$2 zone
	shift 2
	cat <<-END
	server:
		interface: $address
		access-control: 127.0.0.0/8 allow
		do-daemonize: no
		username: ""
		chroot: ""
		directory: "$dir"
		pidfile: ""
		logfile: ""
		use-syslog: no
		verbosity: 1
		num-threads: 1
		do-ip6: no
		module-config: "iterator"
		qname-minimisation: yes
		qname-minimisation-strict: yes
		harden-below-nxdomain: yes
		aggressive-nsec: no
		do-not-query-localhost: no
		trust-anchor-signaling: no
		root-hints: ""
		local-zone: "." static
	END
	for zone in "$@"; do printf '\tlocal-zone: "%s." transparent\n' "$zone"; done
	printf 'remote-control:\n\tcontrol-enable: no\n'
	for zone in "$@"; do
		printf 'stub-zone:\n\tname: "%s."\n\tstub-addr: %s\n' "$zone" "$server"
	done
}

resolver_is_settled() {
	grep -q 'start of service' "$dir/unbound.log" || ! kill -0 "$resolver_pid" 2>/dev/null
}

resolver_try() { # ADDRESS[@PORT] SERVER@PORT ZONE...
	resolver_conf "$@" >"$dir/unbound.conf"
	: >"$dir/unbound.log"
	unbound -d -p -c "$dir/unbound.conf" 2>"$dir/unbound.log" &
	resolver_pid=$!
	other_pids="$other_pids $resolver_pid"
	wait_until 20 resolver_is_settled
	kill -0 "$resolver_pid" 2>/dev/null && return
	wait "$resolver_pid" 2>/dev/null
	resolver_pid=
	return 1
}

resolver_fail() {
	tap_note "$(cat "$dir/unbound.log")"
	tap_bail 'unbound does not start'
}

resolver_start_at() { # ADDRESS[@PORT] SERVER@PORT ZONE...
	resolver_stop
	resolver_try "$@" || resolver_fail
}

# Another program may take a port between our choice and Unbound's bind.
resolver_start() { # ZONE...
	local tries=20
	while [ $((tries -= 1)) -gt 0 ]; do
		resolver_port=$((20000 + RANDOM % 12000))
		resolver_try "127.0.0.1@$resolver_port" "127.0.0.1@$port" "$@" && return
	done
	resolver_fail
}

resolver_stop() {
	[ -n "$resolver_pid" ] || return 0
	kill "$resolver_pid"
	wait "$resolver_pid" 2>/dev/null
	resolver_pid=
}

# peers.sh - sourced by the benchmarks: how each server is run on 127.0.0.1:$port, in the
# foreground, by whoever runs the benchmark, with one thread that answers, and with all that it
# writes in $dir.
#
#	peer_KIND ...    sets the array $command; what is in the array $under runs it

under=()
as_user=()

peer_echo() {
	command=("${under[@]}" "$bench/udp_echo" "$port")
}

peer_orbl() { # SOURCE [OPTION...]
	local source=$1
	shift
	command=("${under[@]}" "$dnsd" --listen "127.0.0.1@$port" --workers 1 --zone "$origin=$source" "$@")
}

# It does not run as root, and is not told to change its user (-u) because callgrind could not be
# talked to then; $as_user makes a command be of its user. -a leaves NS records out of answers, as the others do here.
peer_rbldnsd() { # TYPE FILE [OPTION...]
	local zone=$origin:$1:$2 user
	shift 2
	as_user=()
	if [ "$(id -u)" = 0 ]; then
		user=$(getent passwd rbldns >/dev/null && echo rbldns || echo nobody)
		as_user=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
		chmod 777 "$dir"
	fi
	command=("${as_user[@]}" "${under[@]}" "$(command -v rbldnsd)" -n -4 -a \
		-b "127.0.0.1/$port" "$@" "$zone")
}

peer_nsd() { # ZONEFILE
	mkdir -p "$dir/nsd.$port"
	cat >"$dir/nsd.$port/nsd.conf" <<-END
		server:
			ip-address: 127.0.0.1@$port
			server-count: 1
			username: ""
			chroot: ""
			database: ""
			zonesdir: "$dir"
			pidfile: "$dir/nsd.$port/pid"
			xfrdfile: "$dir/nsd.$port/xfrd"
			xfrdir: "$dir/nsd.$port"
			zonelistfile: "$dir/nsd.$port/zones"
			logfile: "$dir/nsd.$port/log"
			minimal-responses: yes
			rrl-ratelimit: 0
		remote-control:
			control-enable: no
		zone:
			name: $origin
			zonefile: "$1"
	END
	command=("${under[@]}" "$(command -v nsd)" -d -c "$dir/nsd.$port/nsd.conf")
}

peer_knot() { # ZONEFILE
	mkdir -p "$dir/knot.$port"
	cat >"$dir/knot.$port/knot.conf" <<-END
		server:
		    rundir: "$dir/knot.$port"
		    listen: 127.0.0.1@$port
		    udp-workers: 1
		    tcp-workers: 1
		    background-workers: 1
		control:
		    listen: "$dir/knot.$port/control"
		database:
		    storage: "$dir/knot.$port"
		log:
		  - target: stderr
		    any: warning
		zone:
		  - domain: $origin
		    file: "$1"
		    storage: "$dir"
		    zonefile-sync: -1
		    zonefile-load: whole
		    journal-content: none
	END
	command=("${under[@]}" "$(command -v knotd)" -c "$dir/knot.$port/knot.conf")
}

peer_bind() { # ZONEFILE
	mkdir -p "$dir/bind.$port"
	cat >"$dir/bind.$port/named.conf" <<-END
		options {
			directory "$dir/bind.$port";
			listen-on port $port { 127.0.0.1; };
			listen-on-v6 { none; };
			pid-file none;
			session-keyfile "$dir/bind.$port/session.key";
			managed-keys-directory "$dir/bind.$port";
			recursion no;
			notify no;
			minimal-responses yes;
			dnssec-validation no;
		};
		controls { };
		zone "$origin" { type primary; file "$1"; };
	END
	command=("${under[@]}" "$(command -v named)" -g -n 1 -c "$dir/bind.$port/named.conf")
}

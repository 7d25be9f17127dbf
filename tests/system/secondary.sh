#!/bin/bash
# secondary.sh - orbl-dnsd as secondary of BIND, NSD, Knot and another orbl-dnsd: AXFR, IXFR,
# NOTIFY, TSIG; restarts while the primary is down; expiry; a chain of three.
. "${top_srcdir:?}/tests/system/transfer_lib.sh"

server=127.0.0.1 # the other kinds of primaries, as BIND listens only on what an interface has
server_port=$((32100 + RANDOM % 300))
zone=dnsbl.test
v6=1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2
long=$(printf 'x%.0s' $(seq 255))

# Addresses, wildcards, what stands out of them, IPv6, a long TXT, names.
zone_file() { # SERIAL [EXPIRE [MORE]]
	cat <<-ZONE
		\$TTL 300
		@ 600 IN SOA ns.$zone. host.$zone. $1 2 1 ${2:-86400} 60
		@ NS ns.$zone.
		@ NS ns2.example.
		@ MX 10 mail.example.
		@ AAAA 2001:db8::53
		@ TXT "the list" " in two strings"
		ns A 127.0.0.1
		www 77 A 192.0.2.80
		2.0.0.127 A 127.0.0.2
		2.0.0.127 TXT "test"
		_status TXT "all is well"
		1.2.0.192 A 127.0.0.2
		1.2.0.192 TXT "https://bl.example/?ip=192.0.2.1"
		2.2.0.192 A 127.0.0.2
		2.2.0.192 TXT "https://bl.example/?ip=192.0.2.2"
		3.2.0.192 A 127.0.0.4
		3.2.0.192 A 127.0.0.10
		3.2.0.192 60 TXT "another TTL"
		9.2.0.192 TXT "$long" "$long"
		*.100.51.198 A 127.0.0.3
		*.100.51.198 TXT "a network"
		7.100.51.198 A 127.0.0.5
		8.100.51.198 TXT "no A"
		*.10 A 127.0.0.6
		5.4.3.10 A 127.0.0.7
		*.9.3.10 A 127.0.0.8
		$v6 A 127.0.0.2
		$v6 TXT "2001:db8::1 is bad"
		*.1.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.9
		spam.example A 127.0.0.2
		*.spam.example A 127.0.0.2
		good.spam.example TXT "none"
		${3:-}
	ZONE
}

all_questions() {
	local name type
	for name in '' ns. www. foo. 2.0.0.127. 1.0.0.127. _status. spam.example. a.spam.example. \
		a.b.spam.example. good.spam.example. x.good.spam.example. example. $v6. 2$v6. \
		2.${v6#*.}. f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.f.1.0.0.0.8.b.d.0.1.0.0.2. \
		0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.8.b.d.0.1.0.0.2. \
		2.0.192. 0.192. 51.198. 4.3.10.x. 1.2.3.10.; do
		for type in A TXT NS SOA; do
			echo "$name$zone $type"
		done
	done
	for name in {1,2,3,4,9,77}.2.0.192 {1,7,8,255}.100.51.198 {5,6}.4.3.10 1.9.3.10 1.8.3.10 \
		1.2.4.10 9.9.9.11; do
		printf '%s.%s A\n%s.%s TXT\n' "$name" "$zone" "$name" "$zone"
	done
}

compare() { # TEST
	"$ask_all" "$server@$server_port" <"$dir/questions" >"$dir/theirs"
	"$ask_all" "$primary@$port" <"$dir/questions" >"$dir/ours"
	diff "$dir/theirs" "$dir/ours" >"$dir/difference"
	tap_is "$1" "$(wc -l <"$dir/questions") answers, 0 differences, 0 timeouts" \
		"$(wc -l <"$dir/ours") answers, $(grep -c '^<' "$dir/difference") differences, $(
			grep -c timeout "$dir/ours") timeouts"
	[ ! -s "$dir/difference" ] || tap_note "$(head -20 "$dir/difference")"
	for type in MX AAAA TXT; do
		tap_is "$1: $type of the zone" \
			"$(dig +norecurse +short "@$server" -p "$server_port" "$zone" "$type" | sort)" \
			"$(dig +norecurse +short "@$primary" -p "$port" "$zone" "$type" | sort)"
	done
}

# Our own server is the secondary here, on $primary and $port, as transfer_lib.sh calls it.
ours_conf() { # ROW OF transfer.primaries
	umask 077
	printf '%s\n' "$key" >"$dir/keys"
	umask 022
	cat >"$dir/orbl.conf" <<-CONF
		log.level = "info"
		dnsd.listen = {"$primary@$port"}
		dnsd.zones = {"$zone=transfer:$dir/received/$zone.snapshot"}
		dnsd.control_socket = "$dir/sock"
		dnsd.workers = 1
		dnsd.amplification = 0
		dnsd.udp_size = 4096
		transfer.keys = "$dir/keys"
		transfer.primaries = {"$1"}
	CONF
}

ours_has() { # SERIAL
	[ "$(serial_at "$primary" "$port" "$zone")" = "$1" ]
}

answers() { # RCODE
	[ "$(dig +norecurse +tries=1 +time=2 "@$primary" -p "$port" "1.2.0.192.$zone" A |
		sed -n 's/.*status: \([A-Z]*\),.*/\1/p')" = "$1" ]
}

mkdir "$dir/received"
[ "$(id -u)" != 0 ] || chown nobody "$dir/received"
all_questions >"$dir/questions"

# --- other name servers ----------------------------------------------------------------------

bind_conf() {
	cat >"$dir/secondary/named.conf" <<-CONF
		options {
			directory "$dir/secondary";
			listen-on port $server_port { $server; };
			listen-on-v6 { none; };
			pid-file none; session-keyfile none; recursion no; dnssec-validation no;
			notify explicit; minimal-responses yes;
		};
		controls { };
		key "$key_name" { algorithm hmac-sha256; secret "$key_secret"; };
		zone "$zone" {
			type primary; file "$dir/secondary/zone"; ixfr-from-differences yes;
			allow-transfer { key $key_name; };
			also-notify { $primary port $port key $key_name; };
		};
	CONF
}
bind_run() { secondary_start named -g -n 1 -c "$dir/secondary/named.conf"; }
bind_reload() { kill -HUP "$secondary_pid"; }

nsd_conf() {
	cat >"$dir/secondary/nsd.conf" <<-CONF
		server:
			ip-address: $server@$server_port
			username: ""
			zonesdir: "$dir/secondary"
			database: ""
			zonelistfile: "$dir/secondary/zone.list"
			xfrdfile: "$dir/secondary/xfrd.state"
			xfrdir: "$dir/secondary"
			pidfile: "$dir/secondary/nsd.pid"
			server-count: 1
		remote-control:
			control-enable: no
		key:
			name: "$key_name"
			algorithm: hmac-sha256
			secret: "$key_secret"
		zone:
			name: "$zone"
			zonefile: "zone"
			provide-xfr: 127.0.0.0/8 $key_name
			notify: $primary@$port $key_name
	CONF
}
nsd_run() { secondary_start nsd -d -c "$dir/secondary/nsd.conf"; }
nsd_reload() { kill -HUP "$secondary_pid"; }

knot_conf() {
	cat >"$dir/secondary/knot.conf" <<-CONF
		server:
		    listen: $server@$server_port
		    rundir: "$dir/secondary"
		database:
		    storage: "$dir/secondary"
		key:
		  - id: $key_name
		    algorithm: hmac-sha256
		    secret: "$key_secret"
		remote:
		  - id: ours
		    address: $primary@$port
		    key: $key_name
		acl:
		  - id: ours
		    key: $key_name
		    action: transfer
		zone:
		  - domain: $zone
		    file: "$dir/secondary/zone"
		    zonefile-load: difference
		    zonefile-sync: -1
		    journal-content: all
		    notify: ours
		    acl: ours
		log:
		  - target: stderr
		    any: info
	CONF
}
knot_run() { secondary_start knotd -c "$dir/secondary/knot.conf"; }
knot_reload() { kill -HUP "$secondary_pid"; }

other_server() { # KIND NAME HOW-CHANGES-COME
	local kind=$1 name=$2
	rm -rf "$dir/received/"* "$dir/secondary/"*
	zone_file 7 >"$dir/secondary/zone"
	"${kind}_conf"
	"${kind}_run"
	ours_conf "$zone $server@$server_port $key_name"
	tap_ok "$name serves" wait_until 60 server_has 7
	primary_run
	tap_ok "$name: the zone comes" wait_until 60 ours_has 7
	tap_ok "$name: as AXFR" log_has "primary ${server}[@:]$server_port: AXFR, serial 7"
	compare "$name: all is answered as the primary does"
	zone_file 8 86400 $'77.2.0.192 A 127.0.0.2\n*.11 A 127.0.0.2\n1.9.9.11 A 127.0.0.3' |
		sed '/^2\.2\.0\.192/d; s/^\(7.100.51.198 A\) .*/\1 127.0.0.44/' >"$dir/secondary/zone"
	sleep 1.1 # a file of the same second is not read again
	"${kind}_reload"
	tap_ok "$name: a change comes" wait_until 60 ours_has 8
	tap_ok "$name: as $3" log_has "primary ${server}[@:]$server_port: $3, serial 8"
	compare "$name: the same after that"
	tap_like "$name: orbl dnsd zones tells what it is" "^$zone +serving .* transfer $dir/received/" \
		"$("$top_builddir/orbl" dnsd zones -c "$dir/orbl.conf")"
}

server_has() { # SERIAL
	[ "$(serial_at "$server" "$server_port" "$zone")" = "$1" ]
}

end_server() {
	dnsd_stop
	tap_is "$1: our server ends" 0 "${dnsd_status:-}"
	secondary_stop
}

tap_need nsd knotd named
other_server nsd NSD AXFR
end_server NSD
other_server knot Knot IXFR
end_server Knot
other_server bind BIND IXFR
# --- restarts, and a primary that is down ---
dnsd_stop
secondary_stop
primary_run
tap_ok 'it serves what it had, while the primary is down' ours_has 8
tap_ok 'it tells that the primary is down' wait_until 60 log_has \
	"zone $zone: primary ${server}[@:]$server_port: nothing answers there.*serial 8 stays in"
rm -f "$dir/secondary/"*.jnl # which is of another file
zone_file 9 6 >"$dir/secondary/zone"
bind_run
tap_ok 'the primary is back, with a change' wait_until 60 ours_has 9
sleep 7
tap_ok 'being heard renews' answers NOERROR
tap_ok 'by a delta' [ -s "$dir/received/$zone.snapshot.delta" ]
secondary_stop
tap_ok 'a primary that is down too long: SERVFAIL' wait_until 60 answers SERVFAIL
dnsd_stop
primary_run
tap_ok 'after a restart, too' answers SERVFAIL
bind_run
tap_ok 'until it is heard again' wait_until 60 answers NOERROR
end_server 'BIND, in the end'

# --- orbl-dnsd, orbl-dnsd, BIND --------------------------------------------------------------------

rm -rf "$dir/received/"* "$dir/secondary/"*
zone=bl.test
first=$net.9
first_port=$((port + 1))
base() {
	printf '%s\n' '192.0.2.1 relay' '192.0.2.2 bouncer' '198.51.100.0/24 relay' \
		'10.1.2.0/25 suspect' '2001:db8::1 relay'
	addresses 3 300 | sed 's/$/ relay/'
}
cat >"$dir/first.conf" <<CONF
dnsd.listen = {"$first@$first_port"}
dnsd.zones = {"$zone=snapshot:$list"}
dnsd.control_socket = "$dir/first.sock"
dnsd.check_interval = 1
dnsd.workers = 1
dnsd.amplification = 0
transfer.source = "$first"
transfer.keys = "$dir/keys"
transfer.allow = {"* 127.0.0.0/8 $key_name"}
transfer.notify = {"$zone $primary@$port $key_name"}
CONF
base | primary_list 100
"$dnsd" -c "$dir/first.conf" 2>"$dir/first.log" &
first_pid=$!
other_pids="$other_pids $first_pid"
ours_conf "$zone $first@$first_port $key_name"
cat >>"$dir/orbl.conf" <<CONF
transfer.allow = {"* 127.0.0.0/8"}
transfer.source = "$primary"
transfer.notify = {"$zone $server@$server_port"}
CONF
primary_run
tap_ok 'orbl-dnsd: the zone comes' wait_until 60 ours_has 100
cat >"$dir/secondary/named.conf" <<CONF
options {
	directory "$dir/secondary"; listen-on port $server_port { $server; }; listen-on-v6 { none; };
	pid-file none; session-keyfile none; recursion no; dnssec-validation no; notify no;
	transfer-source $server;
};
controls { };
zone "$zone" { type secondary; file "third"; primaries port $port { $primary; }; };
CONF
chain() { # TEST
	"$ask_all" "$first@$first_port" <"$dir/questions" >"$dir/theirs"
	for at in "$primary@$port" "$server@$server_port"; do
		"$ask_all" "$at" <"$dir/questions" >"$dir/ours"
		tap_diff "$1, at $at" "$dir/theirs" "$dir/ours"
	done
}
bind_run
tap_ok 'BIND has it from there' wait_until 60 server_has 100
{
	addresses 3 320
	printf '%s\n' 192.0.2.{1,2,3} 198.51.100.{0,7,255} 10.1.2.{1,127,128} 127.0.0.{2,1,3}
} | questions "$zone"
printf '%s %s\n' "$zone" SOA "$zone" NS "_codes.$zone" TXT "$v6.$zone" A >>"$dir/questions"
chain 'a chain of three answers the same'
{ base | sed 's,10.1.2.0/25,10.1.3.0/25,'; echo '192.0.2.3 relay'; } | primary_list 101
tap_ok 'a change goes down the chain' wait_until 60 server_has 101
chain 'after a change, too'
dnsd_stop
tap_is 'the one in the middle ends' 0 "${dnsd_status:-}"
tap_done

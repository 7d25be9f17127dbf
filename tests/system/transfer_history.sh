#!/bin/bash
# transfer_history.sh - secondaries (BIND, NSD) have a version; orbl-dnsd is killed, the real analyzer
# publishes others meanwhile: after the start the secondaries get the changes, not the whole zone.
# Then the same over another base, with a transfer process that dies, and with files that are bad.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/orbl_lab.sh"

tap_need named nsd dig

zone=suspects.dnsbl.test
bind_port=$(orbl_free_port)
nsd_port=$(orbl_free_port)
orbl_begin 'publish.max_change_floor = 100000' 'dnsd.workers = 1' 'dnsd.amplification = 0' \
	'transfer.allow = {"* 127.0.0.1"}' \
	"transfer.notify = {\"$zone 127.0.0.1@$bind_port\", \"$zone 127.0.0.1@$nsd_port\"}"
list=$orbl_dir/orbl.snapshot
mkdir "$orbl_dir/bind" "$orbl_dir/nsd"

cat >"$orbl_dir/bind/named.conf" <<-CONF
	options {
		directory "$orbl_dir/bind";
		listen-on port $bind_port { 127.0.0.1; };
		listen-on-v6 { none; };
		pid-file none;
		session-keyfile none;
		recursion no;
		dnssec-validation no;
		notify no;
		transfer-source 127.0.0.1;
		min-refresh-time 600;
		min-retry-time 600;
	};
	controls { };
	zone "$zone" {
		type secondary;
		file "zone";
		primaries port $orbl_dns_port { 127.0.0.1; };
	};
CONF
cat >"$orbl_dir/nsd/nsd.conf" <<-CONF
	server:
	 server-count: 1
	 ip-address: 127.0.0.1@$nsd_port
	 username: ""
	 zonesdir: "$orbl_dir/nsd"
	 xfrdfile: "$orbl_dir/nsd/xfrd.state"
	 xfrdir: "$orbl_dir/nsd"
	 zonelistfile: "$orbl_dir/nsd/zone.list"
	 database: ""
	 pidfile: ""
	 verbosity: 3
	 rrl-ratelimit: 0
	remote-control:
	 control-enable: no
	zone:
	 name: $zone
	 zonefile: zone
	 request-xfr: 127.0.0.1@$orbl_dns_port NOKEY
	 allow-notify: 127.0.0.1 NOKEY
	 provide-xfr: 127.0.0.1 NOKEY
	 outgoing-interface: 127.0.0.1
	 min-refresh-time: 600
	 min-retry-time: 600
CONF

serial_of() { # PORT
	dig +norecurse +tries=1 +time=2 +short @127.0.0.1 -p "$1" "$zone" SOA 2>/dev/null |
		awk '$3 ~ /^[0-9]+$/ { print $3 }'
}

have() { # SERIAL
	[ "$(serial_of "$bind_port")" = "$1" ] && [ "$(serial_of "$nsd_port")" = "$1" ]
}

# Without what a server adds by itself; BIND writes names in another case, all in another order.
whole_zone() { # PORT
	dig +norecurse +noall +answer @127.0.0.1 -p "$1" "$zone" AXFR | grep -v '^;' |
		tr 'A-Z\t' 'a-z ' | tr -s ' ' | sort -u
}

# Of hosts 89.N.0.1, 89.N.0.3 ... no network is made.
add() { # N COUNT
	local i
	for ((i = 0; i < $2; i++)); do
		orbl operator list "89.$1.0.$((2 * i + 1))" --category suspect --reason 'a test' ||
			return
	done
}

# The serial that is published now. Each call publishes, though nothing has changed.
published() {
	orbl publish | grep -Eo 'serial [0-9]+' | grep -Eo '[0-9]+'
}

mark() {
	lines=$(wc -l <"$orbl_dir/dnsd.log")
}

since_mark() { # REGEX
	tail -n "+$((lines + 1))" "$orbl_dir/dnsd.log" | grep -Ec -- "$1"
}

# What the transfers were that brought the secondaries a serial since the mark. Lines that are the
# same may be one in the log.
kinds() { # SERIAL
	tail -n "+$((lines + 1))" "$orbl_dir/dnsd.log" |
		sed -n "s/.*transfer: zone $zone, serial $1, to 127.0.0.1: \([a-z]*\) .*/\1/p" | sort -u |
		tr '\n' ' '
}

are_kinds() { # SERIAL KINDS
	[ "$(kinds "$1")" = "$2" ]
}

tap_same_zones() { # TEST
	whole_zone "$orbl_dns_port" >"$orbl_dir/ours"
	tap_ok "$1: there are records" [ "$(wc -l <"$orbl_dir/ours")" -gt 50 ]
	tap_is "$1: BIND has the same" '' "$(whole_zone "$bind_port" | diff "$orbl_dir/ours" - | head -5)"
	tap_is "$1: NSD has the same" '' "$(whole_zone "$nsd_port" | diff "$orbl_dir/ours" - | head -5)"
}

test_restart() { # TEST SERIAL KINDS
	mark
	orbl_start_dnsd
	tap_ok "$1: the secondaries have serial $2" orbl_wait 20 have "$2"
	orbl_wait 5 are_kinds "$2" "$3"
	tap_is "$1: they got what they had to" "$3" "$(kinds "$2")"
	tap_same_zones "$1"
}

# --- the same base --------------------------------------------------------------------------------

orbl_start_analyzer
tap_ok 'hosts are listed' add 1 30
published >/dev/null
tap_ok 'more are' add 2 2
first=$(published)
orbl_start_dnsd
orbl_spawn bind named -g -n 1 -c "$orbl_dir/bind/named.conf"
orbl_spawn nsd nsd -d -c "$orbl_dir/nsd/nsd.conf"
orbl_wait 30 have "$first" || tap_bail "the secondaries do not get the zone: $(
	tail -n 20 "$orbl_dir"/{dnsd,bind,nsd}.log)"
base=$(stat -c %i "$list")

orbl_stop dnsd KILL
tap_ok 'while orbl-dnsd is dead hosts are listed' add 3 3
published >/dev/null
tap_ok '... and delisted' orbl operator delist 89.1.0.5 --reason 'a test'
second=$(published)
tap_ok '... under later serials' [ "$second" -gt "$first" ]
tap_is '... as deltas of the same base' "$base" "$(stat -c %i "$list")"
tap_ok '... of which the older ones are there' [ -f "$list.delta.2" ]
test_restart 'after kill -9' "$second" 'changes '
tap_ok 'BIND has taken it as changes: they are in its journal' [ -s "$orbl_dir/bind/zone.jnl" ]

# --- the transfer process alone --------------------------------------------------------------------

transfer_process() {
	local pid
	for pid in $(tr ' ' '\n' <"/proc/${orbl_pids[dnsd]}/task/${orbl_pids[dnsd]}/children"); do
		[ "$(cat "/proc/$pid/comm")" != orbl-transfer ] || echo "$pid"
	done
}

mark
tap_ok 'the transfer process is killed' kill -KILL "$(transfer_process)"
tap_ok '... while the list changes' add 4 1
third=$(published)
tap_ok '... and is there again: the secondaries have it' orbl_wait 30 have "$third"
tap_ok '... as changes' orbl_wait 5 are_kinds "$third" 'changes '

# --- another base ----------------------------------------------------------------------------------

orbl_stop dnsd KILL
orbl_stop analyzer KILL
orbl_start_analyzer # whose first list is a whole one
tap_ok 'the analyzer is killed and started' add 5 2
published >/dev/null
tap_ok '... and publishes' add 5 4
fourth=$(published)
tap_ok '... a base and a delta of it' [ "$(stat -c %i "$list")" != "$base" -a -f "$list.delta" ]
test_restart 'over another base' "$fourth" 'changes '

# --- what is bad -----------------------------------------------------------------------------------

orbl_stop dnsd KILL
tap_ok 'the list changes' add 6 2
fifth=$(published)
for n in 1 2 3 4; do
	[ ! -f "$list.delta.$n" ] || printf 'XXXX' |
		dd of="$list.delta.$n" bs=1 seek=150 conv=notrunc status=none
done
rm -f "$list.prev" "$list".delta.{5,6,7,8}
cp "$list" "$list.delta.5"
mkfifo "$list.delta.6"
mkdir "$list.delta.7"
ln -s /dev/zero "$list.delta.8"
head -c 100 "$list.delta" >"$list.delta.9"
test_restart 'with older files that are bad' "$fifth" 'whole '
tap_ok '... of which the log tells' [ "$(since_mark \
	'warning: .*an older version is not used for IXFR: .*delta.1: ')" -gt 0 ]
mark
tap_ok '... and from there on' add 7 1
sixth=$(published)
tap_ok '... all goes on' orbl_wait 20 have "$sixth"
tap_ok '... as changes' orbl_wait 5 are_kinds "$sixth" 'changes '
orbl_stop analyzer KILL
orbl_start_analyzer
seventh=$(published)
tap_ok 'another base comes' orbl_wait 20 have "$seventh"
tap_is '... which leaves of the bad files a directory alone' 1 \
	"$(find "$orbl_dir" -maxdepth 1 -name 'orbl.snapshot.delta.*' ! -type f | wc -l)"

tap_done

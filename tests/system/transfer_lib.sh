# transfer_lib.sh - sourced by transfer_*.sh: a real orbl-dnsd as primary and a real name server as
# its secondary, each on a loopback address of its own.
#
#	primary_start [CONF LINE...]     answers on $primary, port $port; its log is $dir/log
#	primary_list SERIAL              hosts of standard input become the whole list
#	primary_change SERIAL            lines of make_delta of standard input become the delta
#	nsd_conf ZONES [SERVER LINE...]  $dir/secondary/nsd.conf; both are lines of nsd.conf(5)
#	secondary_has ZONE SERIAL        does $secondary have it?
#	tap_same TEST                    do both answer the same to $dir/questions?
#	questions [TYPE...]              addresses of standard input become questions
#
# The zones are bl.test with its subzones. $secondary is allowed to have them, $allowed too, and
# $keyed only with the key.

# shellcheck source=dnsd_lib.sh
. "${top_srcdir:?}/tests/system/dnsd_lib.sh"

ask_all=$top_builddir/tests/tools/ask_all
net=127.$((RANDOM % 200 + 20)).$((RANDOM % 250 + 1))
primary=$net.1
secondary=127.0.0.1 # BIND listens only on what an interface has
allowed=$net.3
keyed=$net.4
stranger=$net.5
port=$((20000 + RANDOM % 6000))
secondary_port=$((26000 + RANDOM % 6000))
key_name=key.test
key_secret=c2VjcmV0IG9mIHRoZSBzZWNvbmRhcnkgYW5kIG9mIHVz
key=hmac-sha256:$key_name:$key_secret
wrong_key=hmac-sha256:$key_name:c2VjcmV0IG9mIHRoZSBzZWNvbmRhcnkgYW5kIG9mIHV0
list=$dir/list.snapshot
chmod 755 "$dir" # a secondary that was root is not let in everywhere any more
mkdir "$dir/secondary"

primary_list() { # SERIAL
	"$make_snapshot" "$list" bl.test "$1" || tap_bail "no snapshot"
	rm -f "$list.delta"
}

primary_change() { # SERIAL
	"$make_delta" "$list.delta" "$list" "$1" || tap_bail "no delta"
}

control() { # COMMAND
	timeout 60 "$control_send" "$dir/sock" "{\"cmd\": \"$1\"}"
}

primary_conf() { # CONF LINE...
	umask 077
	printf '%s\n' "$key" >"$dir/keys"
	umask 022
	cat >"$dir/orbl.conf" <<-CONF
		log.level = "debug"
		dnsd.listen = {"$primary@$port"}
		dnsd.zones = {"bl.test=snapshot:$list"}
		dnsd.control_socket = "$dir/sock"
		dnsd.workers = 2
		dnsd.amplification = 0
		dnsd.udp_size = 4096
		transfer.source = "$primary"
		transfer.keys = "$dir/keys"
		transfer.allow = {"* $secondary", "* $allowed", "* $keyed $key_name"}
		transfer.notify = {"relays.bl.test $secondary@$secondary_port",
			"bl.test $secondary@$secondary_port $key_name"}
	CONF
	# A later row counts.
	printf '%s\n' "$@" >>"$dir/orbl.conf"
}

primary_start() { # CONF LINE...
	primary_conf "$@"
	primary_run
}

# With the configuration that is there.
primary_run() {
	: >"$dir/log"
	"$dnsd" -c "$dir/orbl.conf" 2>"$dir/log" &
	dnsd_pid=$!
	wait_until 60 dnsd_is_settled
	log_has ': ready on ' && return 0
	tap_note "$(cat "$dir/log")"
	tap_bail "orbl-dnsd does not start"
}

# In the foreground, ended by its pid; its log is $dir/secondary.log.
secondary_start() { # COMMAND...
	"$@" >"$dir/secondary.log" 2>&1 &
	secondary_pid=$!
	other_pids="$other_pids $secondary_pid"
}

secondary_stop() {
	kill "$secondary_pid"
	wait "$secondary_pid"
	other_pids=${other_pids/ $secondary_pid/}
}

serial_at() { # ADDRESS PORT ZONE
	dig +norecurse +tries=1 +time=5 +short "@$1" -p "$2" "$3" SOA 2>/dev/null |
		awk '$3 ~ /^[0-9]+$/ { print $3 }'
}

nsd_conf() { # ZONES [SERVER LINE...]
	local zones=$1
	shift
	cat >"$dir/secondary/nsd.conf" <<-CONF
		server:
		 server-count: 1
		 ip-address: $secondary@$secondary_port
		 username: ""
		 zonesdir: "$dir/secondary"
		 xfrdfile: "$dir/secondary/xfrd.state"
		 xfrdir: "$dir/secondary"
		 zonelistfile: "$dir/secondary/zone.list"
		 database: ""
		 pidfile: ""
		 verbosity: 3
		 rrl-ratelimit: 0
		$(printf ' %s\n' "$@")
		remote-control:
		 control-enable: no
		key:
		 name: $key_name
		 algorithm: hmac-sha256
		 secret: "$key_secret"
		$zones
	CONF
}

secondary_has() { # ZONE SERIAL
	[ "$(serial_at "$secondary" "$secondary_port" "$1")" = "$2" ]
}

# All that follows would fail.
secondary_must_have() { # ZONE SERIAL
	wait_until 60 secondary_has "$@" && return 0
	tap_note "$(tail -n 20 "$dir/log" "$dir/secondary.log")"
	tap_bail "the secondary does not have zone $1 with serial $2"
}

secondary_log_has() { # REGEX
	grep -Eiq -- "$1" "$dir/secondary.log"
}

# $count addresses from 10.<n>.0.0 on that no network is made of: each second one.
addresses() { # N COUNT
	awk -v n="$1" -v count="$2" 'BEGIN {
		for (i = 0; i < count; i++)
			printf "10.%d.%d.%d\n", n, int(i / 127), 2 * (i % 127) + 1
	}'
}

questions() { # [ZONE...]
	awk -v zones="${*:-bl.test}" -F. '{
		count = split(zones, zone, " ")
		for (i = 1; i <= count; i++) {
			printf "%d.%d.%d.%d.%s A\n", $4, $3, $2, $1, zone[i]
			printf "%d.%d.%d.%d.%s TXT\n", $4, $3, $2, $1, zone[i]
		}
	}' >"$dir/questions"
}

# What has no address in it, and the edges.
more_questions() { # ZONE...
	local zone
	for zone in "$@"; do
		printf '%s SOA\n%s NS\n%s A\n' "$zone" "$zone" "$zone"
		printf '_status.%s TXT\n_codes.%s TXT\n' "$zone" "$zone"
		printf '%s.%s A\n' 2.0.0.127 "$zone" 1.0.0.127 "$zone" 3.0.0.127 "$zone" \
			5.100.51.198 "$zone" 255.100.51.198 "$zone" 1.2.0.192 "$zone" 0.192 "$zone" \
			100.51.198 "$zone" 9.9.9.9 "$zone" 17.113.0.203 "$zone" \
			32.113.0.203 "$zone" name "$zone"
		printf '%s.%s TXT\n' 2.0.0.127 "$zone" 5.100.51.198 "$zone" 17.113.0.203 "$zone"
	done >>"$dir/questions"
}

tap_same() { # TEST
	"$ask_all" "$primary@$port" <"$dir/questions" >"$dir/ours"
	"$ask_all" "$secondary@$secondary_port" <"$dir/questions" >"$dir/theirs"
	diff "$dir/ours" "$dir/theirs" >"$dir/difference"
	tap_is "$1" "$(wc -l <"$dir/questions") answers, 0 differences, 0 timeouts" \
		"$(wc -l <"$dir/ours") answers, $(grep -c '^<' "$dir/difference") differences, $(
			grep -c timeout "$dir/ours") timeouts"
	[ ! -s "$dir/difference" ] || tap_note "$(head -20 "$dir/difference")"
}

# How many questions are answered with a record.
count_listed() {
	awk '$3 == 0 && NF > 4' "$dir/ours" | wc -l
}

# The base of all tests: some hosts, networks with and without a wildcard of their own.
base_list() {
	addresses 1 500 | sed 's/$/ relay/'
	printf '198.51.100.0/24 relay-input\n203.0.113.16/28 relay\n192.0.2.1 relay\n'
	printf '2001:db8::/64 relay\n2001:db8:1::/48 relay-input\n198.51.101.0/24 suspect\n'
}

# Listing and delisting 10,000 hosts; the secondary has been started and is to have serial 100.
test_changes() { # NAME ZONE_SIGNED ZONE_UNSIGNED
	local name=$1
	secondary_must_have bl.test 100
	tap_ok "$name has the zone that is not signed" wait_until 60 secondary_has relays.bl.test 100
	addresses 1 500 | questions bl.test relays.bl.test
	more_questions bl.test relays.bl.test
	tap_same "$name answers the same"

	{ base_list; addresses 2 10000 | sed 's/$/ relay/'; } | primary_list 101
	control reload >/dev/null
	tap_ok "10,000 hosts more: NOTIFY brings them to $name" wait_until 60 secondary_has bl.test 101
	tap_ok '... without a signature too' wait_until 60 secondary_has relays.bl.test 101
	addresses 2 10000 | questions bl.test relays.bl.test
	tap_same "$name answers the same for 10,000 that were listed"
	tap_is '... which are listed' 40000 "$(count_listed)"

	addresses 2 10000 | awk '{ print "@", $0, "-"; print "relays", $0, "-" }' | primary_change 102
	control reload >/dev/null
	tap_ok "10,000 delisted: $name has it" wait_until 60 secondary_has bl.test 102
	tap_ok '... without a signature too' wait_until 60 secondary_has relays.bl.test 102
	tap_same "$name answers the same for 10,000 that were delisted"
	tap_is '... which are not listed' 0 "$(count_listed)"
	addresses 1 500 | questions bl.test relays.bl.test
	more_questions bl.test relays.bl.test
	tap_same "$name answers the same for all others"
	tap_is 'both were sent as changes, signed and not' 'key.test none ' "$(
		sed -n 's/.*serial 10[12], to .*changes (IXFR), .* key \(.*\)/\1/p' "$dir/log" |
			sort -u | tr '\n' ' ')"
}

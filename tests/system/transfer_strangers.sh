#!/bin/bash
# transfer_strangers.sh - strangers who want transfers a thousand times a second take nothing from
# those who may have them, and do not fill the log; a list that changes all the time reaches its
# secondaries, which are told of it a few times a second at most.
. "${top_srcdir:?}/tests/system/transfer_lib.sh"

tap_need nsd python3

nsd_conf "zone:
 name: bl.test
 zonefile: bl.test
 request-xfr: $primary@$port $key_name
 allow-notify: $primary $key_name
 outgoing-interface: $secondary
 min-refresh-time: 3600"

# A secondary asks again, too, when there was no room for its connection.
has_whole() { # FROM [DIG OPTION...]
	local try
	for try in 1 2 3; do
		dig +tries=1 +time=20 "@$primary" -p "$port" -b "$@" bl.test AXFR |
			grep -q 'XFR size' && return 0
		tap_note "try $try" >&2
	done
	return 1
}
has_serial() { # FROM TRIES
	[ -n "$(dig +short +norecurse "+tries=$2" +time=2 "@$primary" -p "$port" -b "$1" -y "$key" bl.test SOA)" ]
}
counter() { # NAME
	"$top_builddir/orbl" dnsd status --json -c "$dir/orbl.conf" | jq ".statistics.$1"
}
count() { # COMMAND... : how many of 20 go well
	local i good=0
	for ((i = 0; i < 20; i++)); do
		"$@" && good=$((good + 1))
	done
	echo "$good"
}

base_list | primary_list 100
primary_start
secondary_start nsd -d -c "$dir/secondary/nsd.conf"
secondary_must_have bl.test 100

# --- strangers ------------------------------------------------------------------------------------

before=$(wc -c <"$dir/log")
start=$SECONDS
python3 "$top_srcdir/tests/system/transfer_strangers.py" "$primary" "$port" $key_name \
	"$stranger" "$net.6" "$keyed" >"$dir/flood" 2>&1 &
flood_pid=$!
other_pids="$other_pids $flood_pid"
is_refusing() {
	log_has "refused a request from $stranger" && log_has "refused a request from $net.6"
}
wait_until 20 is_refusing
tap_is 'an address that is allowed has whole zones meanwhile' 20 "$(count has_whole "$allowed")"
tap_is '... one with a key too, though others forge its name and address' 20 \
	"$(count has_whole "$keyed" -y "$key")"
# A client asks again; what is full loses what of a datagram.
tap_is '... and answers to signed questions over UDP' 20 "$(count has_serial "$keyed" 3)"
addresses 1 20 | awk '{ print "@", $0, "-" }' | primary_change 101
control reload >/dev/null
tap_ok 'NOTIFY and IXFR bring a change meanwhile' wait_until 30 secondary_has bl.test 101
says_the_rest() {
	log_has 'more lines like these were not logged'
}
tap_ok 'the log has lines about it, and how many there were not' wait_until 90 says_the_rest
while [ $((SECONDS - start)) -lt 12 ]; do sleep 1; done
kill "$flood_pid"
wait "$flood_pid"
read -r seconds datagrams connections <"$dir/flood"
tap_note "$datagrams datagrams, $connections connections in $seconds s; lost: $(counter handover_lost)"
tap_ok 'they asked a thousand times a second each' [ "$datagrams" -ge $((seconds * 3000)) ]
tap_ok '... over TCP too' [ "$connections" -ge 500 ]
refusals=$(tail -c "+$((before + 1))" "$dir/log" | grep -Ec ': notice: (refused|closed|[0-9]+ more)')
tap_note "lines of the log: $refusals"
tap_ok 'the log has few lines about it' [ "$refusals" -le $(((seconds / 60 + 1) * 70)) ]

# Those that wait are not displaced by what others send: the transfer process has stopped.
transfer_pid=$(dnsd_child orbl-transfer)
kill -STOP "$transfer_pid"
python3 "$top_srcdir/tests/system/transfer_strangers.py" "$primary" "$port" - "$stranger" \
	"$net.6" "$net.7" >"$dir/flood" 2>&1 &
flood_pid=$!
other_pids="$other_pids $flood_pid"
loses() {
	[ "$(counter handover_lost)" -gt "$lost" ]
}
lost=$(counter handover_lost)
tap_ok 'what waits for the transfer process is full of datagrams' wait_until 30 loses
has_whole "$allowed" &
dig_pid=$!
other_pids="$other_pids $dig_pid"
sleep 0.5 # until it has asked
kill -CONT "$transfer_pid"
wait "$dig_pid"
tap_is '... and a connection waits there all the same' 0 $?
kill "$flood_pid"
wait "$flood_pid"

# --- changes without end ----------------------------------------------------------------------------

before=$(grep -c 'notified .* of zone bl.test' "$dir/log")
serial=101
start=$SECONDS
last=0
while [ $((SECONDS - start)) -lt 20 ]; do
	serial=$((serial + 1))
	{ base_list; echo "10.99.$((serial / 250)).$((serial % 250)) relay"; } | primary_list "$serial"
	control reload >/dev/null
	[ "$(serial_at "$secondary" "$secondary_port" bl.test)" = 101 ] || last=1
done
tap_note "changes: $((serial - 101))"
tap_ok 'the list changed often' [ $((serial - 101)) -ge 40 ]
tap_is 'the secondary had new ones meanwhile' 1 $last
tap_ok 'and has the last one in the end' wait_until 30 secondary_has bl.test "$serial"
is_told() {
	log_has "notified .* of zone bl.test, serial $serial"
}
tap_ok 'of which it was told' wait_until 30 is_told
told=$(($(grep -c 'notified .* of zone bl.test' "$dir/log") - before))
tap_note "NOTIFYs that were answered: $told"
tap_ok 'NOTIFYs are two a second at most' [ "$told" -le $(((SECONDS - start) * 2 + 2)) ]
addresses 1 100 | questions bl.test
tap_same 'both answer the same'
secondary_stop
tap_done

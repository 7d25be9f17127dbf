#!/bin/bash
# secondary_faults.sh - a primary that cuts, forges, replays, goes back and sends garbage: each is
# told once by its reason, and the zone that was there stays.
. "${top_srcdir:?}/tests/system/transfer_lib.sh"

tap_need python3
zone=bl.test
server_port=$((32100 + RANDOM % 300))

mode() { # SERIAL FAULT [NUMBER]
	echo "$*" >"$dir/mode.new"
	mv "$dir/mode.new" "$dir/mode"
}

python3 "$top_srcdir/tests/system/secondary_primary.py" "$net.8" "$server_port" "$zone" "$key_name" \
	"$key_secret" "$dir/mode" >"$dir/primary.out" 2>"$dir/primary.err" &
other_pids="$other_pids $!"
mkdir "$dir/received"
umask 077
printf '%s\n' "$key" >"$dir/keys"
umask 022
cat >"$dir/orbl.conf" <<CONF
log.level = "debug"
dnsd.listen = {"$primary@$port"}
dnsd.zones = {"$zone=transfer:$dir/received/$zone.snapshot"}
dnsd.control_socket = "$dir/sock"
dnsd.workers = 1
transfer.source = "$primary"
transfer.keys = "$dir/keys"
transfer.primaries = {"$zone $net.8@$server_port $key_name"}
CONF
mode 10 none
wait_until 60 grep -q ready "$dir/primary.out" || tap_bail "$(cat "$dir/primary.err")"
primary_run
ours_has() { # SERIAL
	[ "$(serial_at "$primary" "$port" "$zone")" = "$1" ]
}
tap_ok 'without a file: it waits, which is no error' log_has \
	"notice: zone $zone: waiting for its first transfer; it answers SERVFAIL until that comes"
if [ "$(id -u)" = 0 ]; then
	denied='Permission denied; user nobody \(dnsd.user\) needs the right to write to directory'
	tap_ok 'it may not store what came: who needs which right' wait_until 60 log_has \
		"cannot be stored or served: .*$denied $dir/received"
	tap_like 'and the table of zones has the cause' "primary .* failed .*$denied" \
		"$("$top_builddir/orbl" dnsd zones -c "$dir/orbl.conf")"
	chown nobody "$dir/received"
fi
tap_ok 'a sound transfer comes' wait_until 60 ours_has 10

serial=10
fault() { # FAULT REASON
	serial=$((serial + 1))
	mode "$serial" "$1"
	tap_ok "$1: told" wait_until 60 log_has "zone $zone: primary $net.8[@:]$server_port: .*$2"
	tap_ok "$1: the zone stays" ours_has "$kept"
}
kept=10
fault nosig 'not signed as it has to be'
fault badsig 'not signed as it has to be \(BADSIG\)'
fault late 'not signed as it has to be \(BADTIME\)'
fault unsigned 'its last message is not signed'
fault replay 'not signed as it has to be \(BADSIG\)'
fault udpnosig 'not signed as it has to be'
fault udpbadsig 'not signed as it has to be \(BADSIG\)'
fault back 'its serial 1 is older than ours, 10'
fault garbage 'malformed|not signed|no TSIG'
fault outside 'x.other is not in the zone'
fault other 'another question'
fault rcode 'it answers REFUSED'
fault id 'not signed as it has to be|another id'
fault tail 'records follow its end'
fault lastsoa 'its last SOA is another one'
fault endless 'closed the connection in the middle'
mode 5 none
tap_ok 'a serial that goes back: told' wait_until 60 log_has 'its serial 5 is older than ours, 10'
tap_ok 'the zone stays' ours_has 10
for bytes in 0 1 2 3 50 100 150 200 250 300; do
	mode 99 cut "$bytes"
	sleep 0.3
done
tap_ok 'a cut transfer: told' wait_until 60 log_has 'closed the connection (in the middle|without)'
tap_ok 'the zone stays after cuts' ours_has 10
mode 100 none
tap_ok 'a sound transfer ends all that' wait_until 60 ours_has 100
tap_is 'each reason is told once in a row' 0 "$(grep -o "primary $net.8.*" "$dir/log" | uniq -d |
	grep -vc 'IXFR\|AXFR')"
dnsd_stop
tap_is 'it ends' 0 "${dnsd_status:-}"
tap_done

#!/bin/bash
# A real orbl-dnsd over TCP: clients that are in order, in a hurry, slow, rude or many.
. "$top_srcdir/tests/system/dnsd_lib.sh"

command -v python3 >/dev/null || tap_bail 'there is no python3'

# 64 TXT records of 255 octets are a reply of more than 16 KiB.
{
	echo '$SOA 3000 ns.dnsbl.test admin.dnsbl.test 7 600 300 86400 200'
	for i in $(seq 10 73); do
		printf '192.0.2.1 :127.0.0.2:%s%0253d\n' "$i" 0
	done
} >"$dir/list"
zone="dnsbl.test=rbldnsd:ip4set:$dir/list"

tcp() { # CHECK [NUMBER]
	timeout 90 python3 "$top_srcdir/tests/system/dnsd_tcp.py" "$port" "$@" 2>"$dir/notes"
}

rss_kib() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$(dnsd_child orbl-query)/status"
}

# --- as it comes ------------------------------------------------------------------

dnsd_start --zone "$zone" --workers 1 --control "$dir/dnsd.sock"
tap_is '1,000 queries at once' '1000 of 1000' "$(tcp pipeline 1000)"
tap_is 'many before a reply is read' '400 of 400' "$(tcp unread 400)"
tap_is 'half closed' '100 of 100, end' "$(tcp half_close 100)"
tap_is 'a query octet by octet' 'served' "$(tcp slowly)"
tap_is 'a query cut anywhere' '40 cuts, wrong: []' "$(tcp cut)"
for size in 0 1 11; do
	tap_is "a message of $size octets has no reply" 'none, served' "$(tcp length $size)"
done
for size in 12 4094 4095 65535; do
	tap_is "a message of $size octets is FORMERR" '1, served' "$(tcp length $size)"
done
tap_is 'a reply of more than 16 KiB' 'whole, long' "$(tcp large 16384)"
tap_is 'a client has 32 connections' 'closed [0, 1, 2], served 32, other served' \
	"$(tcp client_limit 32)"
tap_is 'many that are stuck, in a table too small for them' \
	'UDP lost 0, TCP refused 0, in time, still open 0' "$(tcp siege 35)"
tap_note "$(cat "$dir/notes")"
dnsd_stop TERM
tap_is 'a clean end' 0 "$dnsd_status"

# --- room for all --------------------------------------------------------------------

cat >"$dir/orbl.conf" <<CONF
zone.name = "dnsbl.test"
dnsd.control_socket = "$dir/dnsd.sock"
dnsd.tcp_connections = "2000"
dnsd.tcp_client_connections = "2"
dnsd.workers = "2"
CONF
dnsd_start -c "$dir/orbl.conf" --zone "$zone"
before=$(rss_kib)
tap_is 'many that are stuck, with room for all' \
	'UDP lost 0, TCP refused 0, in time, still open 0' "$(tcp siege 35)"
tap_note "$(cat "$dir/notes")"
tap_note "resident: $before KiB before, $(rss_kib) KiB after"
dnsd_stop TERM
tap_is 'a clean end' 0 "$dnsd_status"
tap_is 'nothing was reported' '' "$(grep -E 'ERROR|runtime error|WARNING' "$dir/log")"
tap_done

#!/bin/bash
# Changed packets to a live orbl-dnsd. FUZZ_SECONDS (20) and FUZZ_SEED (by chance) may be set: the
# seed of a run that failed makes its packets again. A build with sanitizers finds more.
. "$top_srcdir/tests/system/dnsd_lib.sh"

command -v python3 >/dev/null || tap_bail 'there is no python3'

seconds=${FUZZ_SECONDS:-20}
seed=${FUZZ_SEED:-$((RANDOM * 32768 + RANDOM))}

cat >"$dir/list" <<'LIST'
192.0.2.99 relay
198.51.100.0/24 relay
203.0.113.8 relay
203.0.113.8 suspect
2001:db8::1 relay
2001:db8:1::/50 relay
LIST
"$make_snapshot" "$dir/list.snapshot" dnsbl.test 42 <"$dir/list" || tap_bail "make_snapshot failed"
{
	echo '$SOA 3000 ns.test admin.test 7 600 300 86400 200'
	for i in $(seq 10 73); do
		printf '0.0.0.0/0 :127.0.0.2:%s%0253d\n' "$i" 0
	done
} >"$dir/long"
cat >"$dir/orbl.conf" <<CONF
zone.name = "dnsbl.test"
zone.snapshot = "$dir/list.snapshot"
dnsd.control_socket = "$dir/dnsd.sock"
dnsd.identity = "a name for this server"
dnsd.version = "a version"
CONF
dnsd_start -c "$dir/orbl.conf" --zone "dnsbl.test=snapshot:$dir/list.snapshot" \
	--zone "long.test=rbldnsd:ip4set:$dir/long" --workers 2
tap_note "seed $seed, $seconds s"
tap_is 'every packet is answered as it should be' '' "$(timeout $((seconds + 60)) \
	python3 "$top_srcdir/tests/system/dnsd_fuzz.py" "$port" "$dnsd_pid" "$seconds" "$seed" \
	"$top_srcdir/tests/fuzz/corpus/dns_query" 2>"$dir/notes")"
tap_note "$(cat "$dir/notes")"
tap_ok 'the server runs' kill -0 "$dnsd_pid"
tap_is 'and answers' 127.0.0.2 "$(ask_short 99.2.0.192.dnsbl.test A)"
tap_is 'over TCP' 127.0.0.2 "$(ask_short 99.2.0.192.dnsbl.test A +tcp)"
dnsd_stop TERM
tap_is 'a clean end' 0 "$dnsd_status"
tap_is 'nothing was reported' '' "$(grep -E 'ERROR|runtime error|WARNING' "$dir/log")"
tap_done

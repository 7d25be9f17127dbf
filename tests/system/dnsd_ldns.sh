#!/bin/bash
# Many questions to a real orbl-dnsd, the answers judged by ldns (ldns_oracle.c).
. "$top_srcdir/tests/system/dnsd_lib.sh"

cat >"$dir/list" <<LIST
192.0.2.99 relay
192.0.2.100 relay-input
198.51.100.0/24 relay
198.51.100.77 suspect
10.16.0.0/12 untestable
10.20.0.0/20 relay
172.16.0.0/13 bouncer
203.0.113.8 relay
203.0.113.8 suspect
203.0.113.8 relay-output
203.0.113.20 relay $(($(date +%s) + 120))
203.0.113.21 relay 1000000000
203.0.114.21 suspect 1000000000
127.0.0.0/30 suspect
0.0.0.0/30 relay
255.255.255.255 relay
2001:db8::1 relay
2001:db8:1::/50 relay
2001:db8:2::/64 suspect
2001:db8:2::/66 relay
2001:db8:2::77 bouncer
f000::/4 relay-output
LIST
"$make_snapshot" "$dir/list.snapshot" dnsbl.test 4000000000 <"$dir/list" ||
	tap_bail 'make_snapshot failed'
dnsd_start --zone "dnsbl.test=snapshot:$dir/list.snapshot"
"$top_builddir/tests/system/ldns_oracle" "$port" dnsbl.test 4000000000 "$dir/list"

#!/bin/bash
# Is every listed address found through a resolver that minimises names strictly and trusts
# an NXDOMAIN for all below it (RFC 9156, RFC 8020)?
. "$top_srcdir/tests/system/dnsd_lib.sh"
. "$top_srcdir/tests/system/resolver_lib.sh"

for i in {1..20}; do
	echo "192.0.2.$((i * 12)) relay"
	echo "$((i * 11)).$((i * 7)).$((255 - i)).$i relay-input"
	echo "198.51.$i.0/24 suspect"
done >"$dir/list"
cat >>"$dir/list" <<'LIST'
10.16.0.0/12 relay
2001:db8::1 relay
2001:db8:1::/50 relay
LIST
"$make_snapshot" "$dir/list.snapshot" dnsbl.test 1 <"$dir/list" ||
	tap_bail 'make_snapshot failed'
dnsd_start --zone "dnsbl.test=snapshot:$dir/list.snapshot" --workers 1

resolver_start dnsbl.test

resolve() {
	dig +tries=2 +time=5 @127.0.0.1 -p "$resolver_port" +short "$1" "${2:-A}"
}
resolve_status() {
	dig +tries=2 +time=5 @127.0.0.1 -p "$resolver_port" "$1" "${2:-A}" |
		sed -n 's/.*status: \([A-Z]*\),.*/\1/p'
}

mapped=2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0
v6=1.0.0.0.8.b.d.0.1.0.0.2
found=0
asked=0
while read -r a b c d code sub; do
	asked=$((asked + 1))
	if [ "$(resolve "$d.$c.$b.$a.${sub}dnsbl.test")" = "127.0.0.$code" ]; then
		found=$((found + 1))
	else
		tap_note "$a.$b.$c.$d is not found"
	fi
done < <(for i in {1..20}; do
	echo "192 0 2 $((i * 12)) 2"
	echo "$((i * 11)) $((i * 7)) $((255 - i)) $i 3"
	echo "198 51 $i $((i * 3)) 4 suspects."
done)
tap_is 'all of 60 listed addresses are found' '60 of 60' "$found of $asked"

wrong=0
for i in {1..30}; do
	[ "$(resolve_status "$((i * 5 + 1)).$i.$((i * 3)).$((100 + i)).dnsbl.test")" = NXDOMAIN ] ||
		wrong=$((wrong + 1))
done
tap_is 'no address that is not listed' 0 "$wrong"
tap_is 'next to a listed one' NXDOMAIN "$(resolve_status 13.2.0.192.dnsbl.test)"
tap_is 'inside a /12' 127.0.0.2 "$(resolve 9.8.31.10.dnsbl.test)"
tap_is 'outside the /12' NXDOMAIN "$(resolve_status 9.8.32.10.dnsbl.test)"
tap_is 'an IPv6 address' 127.0.0.2 \
	"$(resolve 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.dnsbl.test)"
tap_is 'inside a /50' 127.0.0.2 \
	"$(resolve 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.f.f.f.3.$v6.dnsbl.test)"
tap_is 'outside the /50' NXDOMAIN \
	"$(resolve_status 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.$v6.dnsbl.test)"
for sub in '' relays. suspects. outputs. untestable. bouncers. all.; do
	tap_is "the test point of ${sub}dnsbl.test" 127.0.0.2 \
		"$(resolve "2.0.0.127.${sub}dnsbl.test")"
	tap_is "its IPv6 form" 127.0.0.2 "$(resolve "$mapped.${sub}dnsbl.test")"
	tap_is 'and never 127.0.0.1' NXDOMAIN "$(resolve_status "1.0.0.127.${sub}dnsbl.test")"
done
tap_like 'TXT' 'ip=192.0.2.12"' "$(resolve 12.2.0.192.dnsbl.test TXT)"
tap_is 'AAAA is no data' NOERROR "$(resolve_status 12.2.0.192.dnsbl.test AAAA)"
tap_done

#!/bin/bash
# transfer_ipv6.sh - primary and secondary of NSD by IPv6: who may, NOTIFY, IXFR, TSIG.
. "${top_srcdir:?}/tests/system/transfer_lib.sh"

tap_need nsd
grep -q . /proc/net/if_inet6 || tap_bail 'no IPv6 here; a container has it with net.ipv6.conf.all.disable_ipv6=0'
primary=::1
secondary=::1

nsd_zone() { # NAME KEY
	printf 'zone:\n name: %s\n zonefile: %s\n request-xfr: ::1@%s %s\n allow-notify: ::1 %s\n' \
		"$1" "$1" "$port" "$2" "$2"
	printf ' outgoing-interface: ::1\n min-refresh-time: 3600\n'
}

records() { # ZONE [DIG OPTION...]
	dig +tries=1 +time=5 @::1 -p "$port" "$@" AXFR 2>&1 | grep -c '[[:space:]]IN[[:space:]]'
}

# --- our secondary is NSD -------------------------------------------------------------------------

base_list | primary_list 100
primary_start "transfer.allow = {\"bl.test ::/64 $key_name\", \"relays.bl.test ::1\",
	\"suspects.bl.test 2001:db8::/32\"}"
nsd_conf "$(nsd_zone bl.test $key_name; nsd_zone relays.bl.test NOKEY)"
secondary_start nsd -d -c "$dir/secondary/nsd.conf"
test_changes NSD
secondary_stop

tap_ok 'a prefix and a key' [ "$(records bl.test -y "$key")" -gt 500 ]
tap_is '... without the key' 0 "$(records bl.test)"
tap_ok '... which is logged' log_has 'refused ::1 transfer of zone bl.test: .* another TSIG key'
tap_ok 'an address' [ "$(records relays.bl.test)" -gt 500 ]
tap_is 'another one' 0 "$(records suspects.bl.test)"
tap_ok '... which is logged' log_has 'refused ::1 transfer of zone suspects.bl.test: transfer.allow '
tap_like 'a question over UDP, signed' ' 102 ' "$(
	dig +norecurse +short @::1 -p "$port" -y "$key" bl.test SOA)"
tap_like 'NOTIFY from who is no primary is refused' 'status: REFUSED' "$(
	dig @::1 -p "$port" +opcode=notify bl.test SOA)"
tap_like 'orbl dnsd zones has the secondaries' "\[::1\]:$secondary_port.* 102 " "$(
	"$top_builddir/orbl" dnsd zones -c "$dir/orbl.conf")"
dnsd_stop

# --- NSD is our primary ----------------------------------------------------------------------------

zone=dnsbl.test
zone_file() { # SERIAL
	printf '@ 600 IN SOA ns host %s 3600 600 86400 60\n@ 600 NS ns\nns 600 AAAA ::1\n' "$1"
	printf '%s 600 A 127.0.0.2\n' 2.0.0.127 1.2.0.192 "$1.2.0.192"
}
ours_has() { # SERIAL
	[ "$(serial_at ::1 "$port" $zone)" = "$1" ]
}
rm -rf "$dir/secondary"
mkdir "$dir/secondary" "$dir/received"
[ "$(id -u)" != 0 ] || chown nobody "$dir/received"
zone_file 7 >"$dir/secondary/zone"
nsd_conf "$(printf 'zone:\n name: %s\n zonefile: zone\n provide-xfr: ::1 %s\n notify: ::1@%s %s\n' \
	$zone $key_name "$port" $key_name)"
secondary_start nsd -d -c "$dir/secondary/nsd.conf"
tap_ok 'NSD serves' wait_until 30 secondary_has $zone 7
cat >"$dir/orbl.conf" <<CONF
log.level = "info"
dnsd.listen = {"::1@$port"}
dnsd.zones = {"$zone=transfer:$dir/received/zone"}
dnsd.control_socket = "$dir/sock"
dnsd.workers = 1
transfer.source = "::1"
transfer.keys = "$dir/keys"
transfer.primaries = {"$zone ::1@$secondary_port $key_name"}
CONF
primary_run
tap_ok 'its zone comes' wait_until 30 ours_has 7
zone_file 8 >"$dir/secondary/zone.new"
touch -d '2 seconds' "$dir/secondary/zone.new" # a file of the same second is not read again
mv "$dir/secondary/zone.new" "$dir/secondary/zone"
kill -HUP "$secondary_pid"
tap_ok 'NOTIFY brings a change' wait_until 30 ours_has 8
tap_ok '... from there' log_has "NOTIFY of zone $zone from ::1, serial 8"
tap_ok '... which is logged as it is written' log_has "primary \[::1\]:$secondary_port: AXFR, serial 8"
tap_is 'it is answered' 127.0.0.2 "$(dig +norecurse +short @::1 -p "$port" 8.2.0.192.$zone A)"
dnsd_stop
tap_is 'it ends' 0 "${dnsd_status:-}"

# --- addresses that need a scope ----------------------------------------------------------------------

refused() { # LINE
	{
		grep -E '^dnsd.(listen|zones)' "$dir/orbl.conf"
		echo "transfer.primaries = {\"$zone ::1\"}"
		echo "$1"
	} >"$dir/bad.conf"
	tap_status "$1" 1 "$dnsd" -T -c "$dir/bad.conf"
	tap_like '... is refused' 'a link-local address is one on each link|is not ADDR' "$tap_output"
}
refused "transfer.primaries = {\"$zone fe80::1\"}"
refused "transfer.primaries = {\"$zone fe80::1%lo\"}"
refused 'transfer.notify = {"* fe80::1@53"}'
refused 'transfer.source = "fe80::1"'
refused 'dnsd.listen = {"fe80::1@53"}'
tap_done

#!/bin/bash
# transfer_nsd.sh - NSD as secondary of orbl-dnsd: AXFR, IXFR, NOTIFY, TSIG; and who is refused.
. "${top_srcdir:?}/tests/system/transfer_lib.sh"

tap_need nsd python3
query_key=mfrggzdfmztwq2lknnwg23tpob

nsd_zone() { # NAME KEY
	printf 'zone:\n name: %s\n zonefile: %s\n request-xfr: %s@%s %s\n allow-notify: %s %s\n' \
		"$1" "$1" "$primary" "$port" "$2" "$primary" "$2"
	printf ' outgoing-interface: %s\n min-refresh-time: 3\n' "$secondary"
}

base_list | primary_list 100
primary_start
nsd_conf "$(nsd_zone bl.test $key_name; nsd_zone relays.bl.test NOKEY)"
secondary_start nsd -d -c "$dir/secondary/nsd.conf"
test_changes NSD
secondary_stop

# --- who may not --------------------------------------------------------------------------------

axfr() { # FROM ZONE [DIG OPTION...]
	local from=$1 zone=$2
	shift 2
	dig +tries=1 +time=3 "@$primary" -p "$port" -b "$from" "$@" "$zone" AXFR 2>&1
}

records() {
	grep -c '[[:space:]]IN[[:space:]]'
}

tap_ok 'an address that is allowed has the zone' [ "$(axfr "$allowed" bl.test | records)" -gt 500 ]
tap_ok 'one with its key' [ "$(axfr "$keyed" bl.test -y "$key" | records)" -gt 500 ]
tap_is '... and without it not' 0 "$(axfr "$keyed" bl.test | records)"
tap_ok '... which is logged' log_has "refused $keyed transfer of zone bl.test: transfer.allow wants another TSIG key"
has_secret() { # PROCESS
	python3 "$top_srcdir/tests/system/memory_has.py" "$(dnsd_child "$1")" "$key_secret"
}
tap_is 'the transfer process knows the secret of a key' yes "$(has_secret orbl-transfer)"
tap_is '... and the one that answers queries does not' no "$(has_secret orbl-query)"
tap_is 'a query key in place of a zone' 0 "$(axfr "$stranger" "$query_key.bl.test" | records)"
tap_ok '... is refused' log_has "refused $stranger transfer of zone .*bl.test: "
tap_status '... and not written into the log' 1 grep -q "$query_key" "$dir/log"
tap_is 'an address that is not allowed' 0 "$(axfr "$stranger" bl.test | records)"
tap_ok '... is logged' log_has \
	"refused $stranger transfer of zone bl.test: no row of transfer.allow for this zone has this address"
tap_like 'a wrong secret is refused' 'BADSIG' "$(axfr "$keyed" bl.test -y "$wrong_key")"
tap_ok '... and logged' log_has "refused a request from $keyed with TSIG key \"$key_name\": BADSIG"
tap_like 'an unknown key is refused' 'BADKEY' "$(axfr "$keyed" bl.test -y "hmac-sha256:x.test:$key_secret")"
tap_ok '... and logged' log_has "refused a request from $keyed with TSIG key \"x.test\": BADKEY"
tap_like 'another algorithm of the same secret too' 'BADKEY' "$(
	axfr "$keyed" bl.test -y "hmac-sha512:$key_name:$key_secret")"
tap_is 'a zone that is none' 0 "$(axfr "$allowed" other.test | records)"
tap_ok '... is logged' log_has "refused $allowed transfer of zone other.test: "
for algorithm in sha384 sha512; do
	printf 'hmac-%s:%s.test:%s\n' "$algorithm" "$algorithm" "$key_secret" >>"$dir/keys"
done
dnsd_stop
primary_run
for algorithm in sha384 sha512; do
	tap_ok "hmac-$algorithm" [ "$(axfr "$allowed" bl.test -y \
		"hmac-$algorithm:$algorithm.test:$key_secret" | records)" -gt 500 ]
done
tap_like 'a signed question has a signed answer' '127.0.0.2.*NOERROR' "$(
	dig "@$primary" -p "$port" -b "$keyed" -y "$key" 2.0.0.127.bl.test A | tr '\n' ' ')"
tap_is '... which dig finds good' '' "$(dig "@$primary" -p "$port" -b "$keyed" -y "$key" \
	2.0.0.127.bl.test A | grep -i "couldn't verify")"
tap_like 'a key is no way around limits of queries' 'status: REFUSED' "$(
	dig "@$primary" -p "$port" -b "$stranger" -y "$key" 2.0.0.127.bl.test A)"
tap_is 'nor is a connection of a transfer' '5 none none' "$(python3 \
	"$top_srcdir/tests/system/transfer_refused.py" "$primary" "$port" 2.0.0.127.bl.test "$stranger")"
tap_like 'NOTIFY from who is no primary is refused' 'status: REFUSED' "$(
	dig "@$primary" -p "$port" -b "$stranger" +opcode=notify bl.test SOA)"

# --- networks that no wildcard says ----------------------------------------------------------------

dnsd_stop
{ base_list; echo '10.64.0.0/12 relay'; } | primary_list 200
printf 'transfer.notify = {}\ntransfer.expand = 100000\n' >>"$dir/orbl.conf"
primary_run
tap_is 'a zone with too large a network is not given away' 0 "$(axfr "$allowed" bl.test | records)"
tap_ok '... the log says which, and what to do' log_has \
	'refused .* transfer of zone bl.test: .*10.64.0.0 to 10.79.255.255.*transfer.expand'
tap_is '... its questions are answered' 127.0.0.2 "$(
	dig +short "@$primary" -p "$port" 1.2.70.10.bl.test A)"
tap_ok '... and the other zones are given' [ "$(axfr "$allowed" suspects.bl.test | records)" -gt 200 ]

tap_done

#!/bin/bash
# transfer_tls.sh - zone transfers over TLS (RFC 9103) to BIND and NSD; who is refused; a
# certificate that is replaced; connections that hang.
. "${top_srcdir:?}/tests/system/transfer_lib.sh"
# shellcheck source=transfer_tls_lib.sh
. "${top_srcdir:?}/tests/system/transfer_tls_lib.sh"

tap_need named nsd openssl python3

tls_rows() {
	printf '%s\n' "transfer.tls_listen = {\"$primary@$tls_port\"}" \
		"transfer.tls_certificate = \"$tls/primary.crt\"" \
		"transfer.tls_key = \"$tls/primary.key\"" \
		"dnsd.check_interval = 1" \
		"transfer.allow = {\"bl.test $secondary $key_name tls\", \"* $secondary tls\",
			\"* $allowed tls\", \"* $keyed $key_name\"}"
}

bind_conf() {
	cat >"$dir/secondary/named.conf" <<-CONF
		options {
			directory "$dir/secondary";
			listen-on port $secondary_port { $secondary; };
			listen-on-v6 { none; };
			pid-file none; session-keyfile none; recursion no; dnssec-validation no; notify no;
			transfer-source $secondary;
			min-refresh-time 3;
			max-refresh-time 3600;
		};
		controls { };
		key "$key_name" { algorithm hmac-sha256; secret "$key_secret"; };
		tls orbl { ca-file "$tls/ca.crt"; remote-hostname "$tls_name"; };
		zone "bl.test" { type secondary; file "bl.test";
			primaries port $tls_port { $primary key $key_name tls orbl; }; };
		zone "relays.bl.test" { type secondary; file "relays.bl.test";
			primaries port $tls_port { $primary tls orbl; }; };
	CONF
}

tls_authority ca
tls_certificate primary "$tls_name"
base_list | primary_list 100
mapfile -t rows < <(tls_rows)
primary_start "${rows[@]}"
bind_conf
capture_start
secondary_start named -g -n 1 -c "$dir/secondary/named.conf"
test_changes BIND
tap_ok 'BIND has it over TLS' log_has "zone bl.test, serial 100, to $secondary over TLS: whole"
tap_ok '... changes, too' log_has "zone bl.test, serial 102, to $secondary over TLS: changes"
tap_is '... and nothing in clear' '' "$(grep 'transfer: zone' "$dir/log" | grep -v 'over TLS')"
tap_is '... as the wire tells' 'some packets, 0 readable' "$(capture_stop)"
secondary_stop

# --- NSD ------------------------------------------------------------------------------------------

nsd_zone() { # NAME KEY
	printf 'zone:\n name: %s\n zonefile: %s\n request-xfr: AXFR %s@%s %s orbl\n' "$1" "$1" \
		"$primary" "$tls_port" "$2"
	printf ' allow-notify: %s %s\n outgoing-interface: %s\n' "$primary" "$2" "$secondary"
}

rm -f "$dir/secondary/"*
nsd_conf "$(printf 'tls-auth:\n name: orbl\n auth-domain-name: "%s"\n' "$tls_name"
	nsd_zone bl.test $key_name
	nsd_zone relays.bl.test NOKEY)" "tls-cert-bundle: \"$tls/ca.crt\""
secondary_start nsd -d -c "$dir/secondary/nsd.conf"
secondary_must_have bl.test 102
tap_ok 'NSD has both zones' wait_until 20 secondary_has relays.bl.test 102
addresses 1 500 | questions bl.test relays.bl.test
tap_same 'NSD answers the same'
secondary_stop

# --- who may not ------------------------------------------------------------------------------

over_tls() { # FROM NAME-IN-CERTIFICATE DIG-ARGUMENT...
	local from=$1 name=$2
	shift 2
	dig +tls +tls-ca="$tls/ca.crt" +tls-hostname="$name" +tries=1 +time=5 "@$primary" \
		-p "$tls_port" -b "$from" "$@" 2>&1
}

in_clear() { # FROM DIG-ARGUMENT...
	local from=$1
	shift
	dig +tcp +tries=1 +time=5 "@$primary" -p "$port" -b "$from" "$@" 2>&1
}

records() {
	grep -c '[[:space:]]IN[[:space:]]'
}

hands() { # S_CLIENT OPTION...
	timeout 10 openssl s_client -connect "$primary:$tls_port" -bind "$allowed:0" "$@" \
		</dev/null 2>&1
}

whole=$(over_tls "$allowed" "$tls_name" bl.test AXFR | records)
capture_start "$port"
in_clear "$keyed" -y "$key" bl.test AXFR >"$dir/clear"
tap_like 'what is in clear is seen on the wire' 'some packets, [1-9][0-9]* readable' "$(capture_stop)"
tap_ok 'a row with tls gives the zone over TLS' [ "$whole" -gt 500 ]
tap_is '... and not in clear' 0 "$(in_clear "$allowed" bl.test AXFR | records)"
tap_ok '... which is logged' log_has "refused $allowed transfer of zone bl.test: transfer.allow wants TLS"
tap_is '... nor its changes over UDP' 0 "$(dig +notcp "@$primary" -p "$port" -b "$allowed" bl.test \
	IXFR=100 +tries=1 +time=3 | records)"
tap_is 'a row without it gives it both ways' "$whole $whole" "$(
	over_tls "$keyed" "$tls_name" -y "$key" bl.test AXFR | records) $(
	in_clear "$keyed" -y "$key" bl.test AXFR | records)"
tap_is '... to who has its key' 0 "$(over_tls "$keyed" "$tls_name" bl.test AXFR | records)"
tap_is 'nobody else has it over TLS' 0 "$(over_tls "$stranger" "$tls_name" bl.test AXFR | records)"
tap_like 'the SOA may be asked for' 'status: NOERROR' "$(over_tls "$allowed" "$tls_name" bl.test SOA)"
answer=$(over_tls "$allowed" "$tls_name" 2.0.0.127.bl.test A)
tap_like 'nothing else may' 'status: REFUSED' "$answer"
tap_like '... as is said' 'EDE: 21' "$answer"
tap_like 'TLS 1.2 is refused' 'alert protocol version' "$(hands -tls1_2)"
tap_like 'ALPN without dot is refused' 'no application protocol' "$(hands -alpn h2)"
tap_ok '... and logged' log_has "refused a TLS connection from $allowed: it offers ALPN without \"dot\""
tap_like 'ALPN with dot is taken' 'ALPN protocol: dot' "$(hands -alpn h2,dot)"
tap_like 'who offers no ALPN is let in' 'New, TLSv1.3' "$(hands)"
tap_is 'there are no tickets' '' "$(hands -alpn dot | grep -i 'session ticket')"
tap_like 'orbl dnsd zones tells who uses TLS' "secondary +$allowed +yes " \
	"$("$top_builddir/orbl" dnsd zones -c "$dir/orbl.conf")"

# --- where the key is -----------------------------------------------------------------------------

# As OpenSSL has it in a file, and in a number.
scalar=$(openssl pkey -in "$tls/primary.key" -noout -text | sed -n '/^priv:/,/^pub:/p' |
	tr -cd '0-9a-f:\n' | grep -v '^[a-f]*:$' | tr -d ':\n')
has_scalar() { # PID
	python3 - "$1" "$scalar" "$top_srcdir/tests/system/memory_has.py" <<-'PYTHON'
		import base64
		import subprocess
		import sys

		pid, scalar, tool = sys.argv[1:]
		forms = (bytes.fromhex(scalar), bytes.fromhex(scalar)[::-1])
		found = [subprocess.check_output([sys.executable, tool, pid, base64.b64encode(f)]) for f in forms]
		print("yes" if b"yes\n" in found else "no")
	PYTHON
}
tap_is 'the key was found' 64 ${#scalar}
tap_is 'the transfer process has it' yes "$(has_scalar "$(dnsd_child orbl-transfer)")"
tap_is '... and the one that answers queries not' no "$(has_scalar "$(dnsd_child orbl-query)")"
tap_is '... nor the one that reads it' no "$(has_scalar "$dnsd_pid")"

# --- connections that hang ------------------------------------------------------------------------

python3 "$top_srcdir/tests/system/tls_hang.py" "$primary" "$tls_port" "$stranger" "$allowed" 40 \
	>"$dir/hang" 2>"$dir/hang.log" &
hang_pid=$!
other_pids="$other_pids $hang_pid"
tap_ok '40 connections hang' wait_until 10 grep -q hanging "$dir/hang"
start=$SECONDS
tap_is '... others have the zone' "$whole $whole" "$(
	over_tls "$keyed" "$tls_name" -y "$key" bl.test AXFR | records) $(
	in_clear "$keyed" -y "$key" bl.test AXFR | records)"
tap_like '... and answers' '127.0.0.2' "$(dig +short +time=1 +tries=1 "@$primary" -p "$port" 2.0.0.127.bl.test)"
tap_ok '... at once' [ $((SECONDS - start)) -le 3 ]
tap_ok 'in the end they are closed' wait_until 15 grep -q 'all closed' "$dir/hang"
wait "$hang_pid"
other_pids=${other_pids/ $hang_pid/}

# --- another certificate --------------------------------------------------------------------------

has_name() { # NAME
	[ "$(over_tls "$allowed" "$1" bl.test AXFR | records)" = "$whole" ]
}
tls_certificate primary other.test 5
tap_ok 'another certificate is taken while the server runs' wait_until 10 has_name other.test
tap_status '... in place of the one before' 1 has_name "$tls_name"
tap_ok '... which is logged' log_has "transfer.tls_certificate: .*primary.crt is read again"
tap_ok '... as it ends soon' wait_until 5 log_has 'transfer.tls_certificate: .* expires in [45] days'
cp "$tls/primary.key" "$tls/good.key"
openssl ecparam -genkey -name prime256v1 -noout -out "$tls/primary.key"
tap_ok 'a key that does not fit is not taken' wait_until 10 log_has \
	'primary.key: no PEM key without passphrase that fits .*; the certificate that was read before stays'
tap_like '... as orbl dnsd reload tells' 'no PEM key' "$("$top_builddir/orbl" dnsd reload -c "$dir/orbl.conf" 2>&1)"
tap_ok '... and what was there stays' has_name other.test
kill -KILL "$(dnsd_child orbl-transfer)"
tap_ok '... also when the transfer process is started again' wait_until 15 has_name other.test
cat "$tls/good.key" >"$tls/primary.key"
tap_ok 'a good one is taken again' wait_until 10 log_has 'is read again.*'
chmod o+r "$tls/primary.key"
dnsd_stop
tap_like 'a key that all may read is refused at the start' 'others may read or change the private key' \
	"$("$dnsd" -T -c "$dir/orbl.conf" 2>&1)"
tap_done

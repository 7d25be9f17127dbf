#!/bin/bash
# secondary_tls.sh - orbl-dnsd as secondary of BIND over TLS (RFC 9103): BIND answers on nothing
# else; and what is wrong with a primary.
. "${top_srcdir:?}/tests/system/transfer_lib.sh"
# shellcheck source=transfer_tls_lib.sh
. "${top_srcdir:?}/tests/system/transfer_tls_lib.sh"

tap_need named openssl python3
server=127.0.0.1
tls_owner=root # which BIND stays, without the right to read what is others'
zone=dnsbl.test
mkdir "$dir/received"
chown nobody "$dir/received"

zone_file() { # SERIAL [MORE]
	printf '$TTL 300\n@ 600 IN SOA ns.%s. host.%s. %s 1 1 86400 60\n@ NS ns.%s.\n' "$zone" "$zone" "$1" "$zone"
	printf "ns A 127.0.0.1\n2.0.0.127 A 127.0.0.2\n%s\n" "${2:-}"
	awk 'BEGIN { for (i = 1; i < 2000; i++) printf "%d.%d.0.10 A 127.0.0.2\n", i % 250, i / 250 }'
}

bind_conf() { # TLS OPTIONS
	cat >"$dir/secondary/named.conf" <<-CONF
		tls local { cert-file "$tls/primary.crt"; key-file "$tls/primary.key"; $1 };
		key "$key_name" { algorithm hmac-sha256; secret "$key_secret"; };
		options {
			directory "$dir/secondary";
			listen-on port $tls_port tls local { $server; };
			listen-on-v6 { none; };
			pid-file none; session-keyfile none; recursion no; dnssec-validation no;
			notify explicit; minimal-responses yes;
		};
		controls { };
		zone "$zone" {
			type primary; file "$dir/secondary/zone"; ixfr-from-differences yes;
			allow-transfer port $tls_port transport tls { key $key_name; };
			also-notify { $primary port $port key $key_name; };
		};
	CONF
}

bind_run() {
	secondary_start named -g -n 1 -c "$dir/secondary/named.conf"
	wait_until 20 secondary_log_has ' running$' && return
	tap_note "$(tail -n 5 "$dir/secondary.log")"
	tap_bail 'BIND does not start'
}

# Our own server is the secondary here.
ours_run() { # NAME CA
	umask 077
	printf '%s\n' "$key" >"$dir/keys"
	umask 022
	rm -rf "$dir/received/"*
	cat >"$dir/orbl.conf" <<-CONF
		log.level = "info"
		dnsd.listen = {"$primary@$port"}
		dnsd.zones = {"$zone=transfer:$dir/received/$zone.snapshot"}
		dnsd.control_socket = "$dir/sock"
		dnsd.workers = 1
		transfer.keys = "$dir/keys"
		transfer.primaries = {"$zone $server@$tls_port $key_name tls=$1"}
		transfer.tls_ca = "$tls/$2.crt"
	CONF
	primary_run
}

ours_has() { # SERIAL
	[ "$(serial_at "$primary" "$port" "$zone")" = "$1" ]
}

tls_authority ca
tls_certificate primary "$tls_name"
zone_file 7 >"$dir/secondary/zone"
bind_conf ''
capture_start
bind_run
ours_run "$tls_name" ca
tap_ok 'the zone comes' wait_until 20 ours_has 7
tap_ok '... over TLS' log_has "primary ${server}[@:]$tls_port over TLS: AXFR, serial 7"
zone_file 8 '77.2.0.192 A 127.0.0.2' >"$dir/secondary/zone"
sleep 1.1
kill -HUP "$secondary_pid"
tap_ok 'a change comes' wait_until 20 ours_has 8
tap_ok '... as IXFR over TLS' log_has "primary ${server}[@:]$tls_port over TLS: IXFR, serial 8"
tap_is '... and nothing in clear' 'some packets, 0 readable' "$(capture_stop)"
tap_like 'orbl dnsd zones tells that it is TLS' "primary +.*$tls_port +yes " \
	"$("$top_builddir/orbl" dnsd zones -c "$dir/orbl.conf")"
dnsd_stop

refused() { # TEST NAME CA REGEX
	ours_run "$2" "$3"
	tap_ok "$1" wait_until 20 log_has \
		"zone $zone: primary ${server}[@:]$tls_port over TLS: $4; it answers SERVFAIL until it comes"
	tap_is "$1: no zone" '' "$(ls "$dir/received")"
	dnsd_stop
}

refused 'another name' other.test ca 'its certificate is not for other\.test'
tls_authority strange
refused 'another CA' "$tls_name" strange 'its certificate is of no CA that we know .*transfer\.tls_ca'
secondary_stop
authority=ca
tls_certificate primary "$tls_name" -1
bind_run
refused 'an expired certificate' "$tls_name" ca 'its certificate, or one above it, has expired'
secondary_stop
tls_certificate primary "$tls_name"

# BIND that speaks TLS 1.2 alone hangs up without a word; OpenSSL says what it is.
s_server() { # TEST REGEX OPTION...
	local other test=$1 regex=$2
	shift 2
	openssl s_server -accept "$server:$tls_port" -cert "$tls/primary.crt" \
		-key "$tls/primary.key" "$@" -quiet >"$dir/s_server.log" 2>&1 </dev/null &
	other=$!
	other_pids="$other_pids $other"
	sleep 0.5
	refused "$test" "$tls_name" ca "$regex"
	kill "$other"
	wait "$other" 2>/dev/null
}
s_server 'TLS 1.2' 'it does not speak TLS 1\.3' -tls1_2 -alpn dot
s_server 'no ALPN' 'it does not know ALPN "dot"'
refused 'nobody there' "$tls_name" ca 'cannot connect: Connection refused'
tap_is 'a file that is no CA' 1 "$(printf 'transfer.tls_ca = "/etc/passwd"\n' >>"$dir/orbl.conf"
	"$dnsd" -T -c "$dir/orbl.conf" 2>&1 | grep -c 'is no PEM file of certificates')"
tap_done

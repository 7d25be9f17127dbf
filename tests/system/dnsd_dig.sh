#!/bin/bash
# A real orbl-dnsd asked with dig: names, types, EDNS, TCP, subzones, reloads, bad files.
. "${top_srcdir:?}/tests/system/dnsd_lib.sh"

# --- a list of orbl, from a configuration file --------------------------------

cat >"$dir/list" <<'LIST'
192.0.2.99 relay
198.51.100.0/24 relay
10.16.0.0/12 relay
203.0.113.7 suspect
203.0.113.8 relay
203.0.113.8 suspect
203.0.113.9 relay 1000000000
2001:db8::1 relay
2001:db8:1::/50 relay
127.0.0.1 relay
LIST
"$make_snapshot" "$dir/list.snapshot" dnsbl.test 42 <"$dir/list" || tap_bail "make_snapshot failed"
cat >"$dir/orbl.conf" <<CONF
zone.name = "dnsbl.test"
zone.snapshot = "$dir/list.snapshot"
dnsd.control_socket = "$dir/dnsd.sock"
dnsd.check_interval = "1"
dnsd.tcp_idle = "2"
dnsd.workers = "2"
dnsd.identity = "ns1 of three"
log.level = "info"
CONF
tap_ok 'the configuration is good' "$dnsd" -c "$dir/orbl.conf" -T
dnsd_start -c "$dir/orbl.conf"
tap_like 'ready names addresses and zones' "ready on 127.0.0.1:$port; zones: dnsbl.test" \
	"$(cat "$dir/log")"

zone=dnsbl.test
meaning='open relay, proved by a test message'
v6=1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2
mapped=f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0

tap_is 'a listed address' 127.0.0.2 "$(ask_short 99.2.0.192.$zone A)"
tap_asked 'no authority with an answer' 'NOERROR aa 1 0' 99.2.0.192.$zone A
tap_asked 'an address that is not listed' 'NXDOMAIN aa 0 1' 98.2.0.192.$zone A
tap_like 'with the SOA and its negative TTL' \
	"^$zone\. 150 IN SOA ns1\.$zone\. hostmaster\.$zone\. 42 600 120 172800 150" \
	"$(ask 98.2.0.192.$zone A | tr -s '\t ' ' ')"
tap_is 'TXT with the address' \
	"\"[2] $meaning; https://dnsbl.test/lookup?ip=192.0.2.99\"" \
	"$(ask_short 99.2.0.192.$zone TXT)"
tap_is 'the last address of a prefix' 127.0.0.2 "$(ask_short 255.255.31.10.$zone A)"
tap_asked 'the next one' 'NXDOMAIN aa 0 1' 0.0.32.10.$zone A
tap_asked 'an expired listing' 'NXDOMAIN aa 0 1' 9.113.0.203.$zone A
tap_is 'an IPv6 address' 127.0.0.2 "$(ask_short $v6.$zone A)"
tap_is 'its TXT is RFC 5952' 1 "$(ask_short $v6.$zone TXT | grep -c 'ip=2001:db8::1"')"
tap_is 'a mapped address' 127.0.0.2 "$(ask_short 3.6.2.0.0.0.0.c.$mapped.$zone A)"

for name in 2.0.192 0.192 192 100.51.198 31.10 10 113.0.203 0.0.127 0.127 127 0.0.0.0 \
	8.b.d.0.1.0.0.2 3.1.0.0.0.8.b.d.0.1.0.0.2 $mapped; do
	tap_asked "$name exists and is empty" 'NOERROR aa 0 1' $name.$zone A
done
for name in 3.0.192 191 15.10 101.51.198 4.1.0.0.0.8.b.d.0.1.0.0.2 099.2.0.192 256.0.0.127 \
	5.99.2.0.192 www x.99.2.0.192 0.$v6; do
	tap_asked "$name does not exist" 'NXDOMAIN aa 0 1' $name.$zone A
done
for type in AAAA MX NS SOA DS CAA PTR TYPE65280 TYPE0 DNSKEY; do
	tap_asked "$type at a listed name is no data" 'NOERROR aa 0 1' 99.2.0.192.$zone $type
done

# --- test points ----------------------------------------------------------------

for sub in '' relays. suspects. outputs. untestable. bouncers. all.; do
	tap_is "127.0.0.2 is listed in $sub$zone" 127.0.0.2 "$(ask_short 2.0.0.127.$sub$zone A)"
	tap_is "and ::ffff:127.0.0.2" 127.0.0.2 "$(ask_short 2.0.0.0.0.0.f.7.$mapped.$sub$zone A)"
	tap_asked "127.0.0.1 is not" 'NXDOMAIN aa 0 1' 1.0.0.127.$sub$zone A
	tap_asked "nor ::ffff:127.0.0.1" 'NXDOMAIN aa 0 1' 1.0.0.0.0.0.f.7.$mapped.$sub$zone A
	tap_asked "there is a TXT" 'NOERROR aa 1 0' 2.0.0.127.$sub$zone TXT
	tap_like "SOA of $sub$zone" '^ns1.dnsbl.test. hostmaster.dnsbl.test. 42 ' \
		"$(ask_short $sub$zone SOA)"
	tap_asked "NS of $sub$zone" 'NOERROR aa 2 0' $sub$zone NS
	tap_asked "no A at $sub$zone" 'NOERROR aa 0 1' $sub$zone A
done
for pair in 2.relays 3.relays 4.suspects 5.outputs 6.untestable 7.bouncers 2.all 7.all; do
	tap_is "code ${pair%%.*} has its test address in ${pair#*.}" "127.0.0.${pair%%.*}" \
		"$(ask_short "${pair%%.*}.0.0.127.${pair#*.}.$zone" A)"
done
tap_asked 'a code of another zone has none' 'NXDOMAIN aa 0 1' 4.0.0.127.relays.$zone A

tap_asked 'a suspect is not in the base zone' 'NXDOMAIN aa 0 1' 7.113.0.203.$zone A
tap_is 'a suspect is in suspects' 127.0.0.4 "$(ask_short 7.113.0.203.suspects.$zone A)"
tap_is 'several categories in all' '127.0.0.2 127.0.0.4 ' \
	"$(ask_short 8.113.0.203.all.$zone A | sort | tr '\n' ' ')"

# --- protocol -----------------------------------------------------------------------

tap_like 'the spelling is echoed' '^99\.2\.0\.192\.dNsBl\.TeSt\.' "$(ask 99.2.0.192.dNsBl.TeSt A)"
tap_asked 'ANY is one record' 'NOERROR aa 1 0' 99.2.0.192.$zone ANY +notcp
tap_asked 'another zone is refused' 'REFUSED - 0 0' example.com A
tap_like 'with an extended error' 'EDE: 20' "$(ask example.com A)"
tap_asked 'the root is refused' 'REFUSED - 0 0' . NS
tap_asked 'another class is refused' 'REFUSED - 0 0' $zone 'HS SOA'
tap_like 'AXFR is refused over TCP' 'Transfer failed' "$(ask $zone AXFR)"
tap_asked 'an unknown opcode is NOTIMP' 'NOTIMP - 0 0' $zone SOA +opcode=15
tap_asked 'UPDATE is NOTIMP' 'NOTIMP - 0 0' $zone SOA +opcode=5
tap_asked 'NOTIMP for a header alone' 'NOTIMP - 0 0' $zone SOA +opcode=15 +header-only
tap_asked 'a header alone is FORMERR' 'FORMERR - 0 0' $zone SOA +header-only +noedns
tap_asked 'EDNS version 1 is BADVERS' 'BADVERS - 0 0' $zone SOA +edns=1 +noednsnegotiation
tap_like 'BADVERS with our version 0' 'EDNS: version: 0' \
	"$(ask $zone SOA +edns=1 +noednsnegotiation)"
tap_like 'OPT with our size' 'EDNS: version: 0, flags:; udp: 1232' "$(ask $zone SOA +edns=0)"
tap_like 'DO is copied' 'EDNS: version: 0, flags: do; udp: 1232' "$(ask $zone SOA +dnssec)"
tap_is 'no OPT without OPT' 0 "$(ask $zone SOA +noedns | grep -c EDNS)"
tap_asked 'an unknown option is ignored' 'NOERROR aa 1 0' $zone SOA +ednsopt=100:cafe
tap_is 'and not echoed' 0 "$(ask $zone SOA +ednsopt=100:cafe | grep -c 'OPT=100')"
tap_asked 'unknown EDNS flags are ignored' 'NOERROR aa 1 0' $zone SOA +ednsflags=0x40
tap_asked 'the Z bit is not echoed' 'NOERROR aa 1 0' $zone SOA +zflag
tap_asked 'RD is echoed' 'NOERROR aa rd 1 0' $zone SOA +recurse
tap_asked 'AD and CD are not' 'NOERROR aa 1 0' $zone SOA +adflag +cdflag

for name in version.bind version.server; do
	tap_is "$name" '"orbl-dnsd"' "$(ask_short $name 'CH TXT')"
done
for name in id.server hostname.bind; do
	tap_is "$name" '"ns1 of three"' "$(ask_short $name 'CH TXT')"
done
tap_asked 'another name of class CH is refused' 'REFUSED - 0 0' authors.bind 'CH TXT'
tap_like 'NSID' 'NSID: .*"ns1 of three"' "$(ask 2.0.0.127.$zone A +nsid)"
tap_is 'no NSID without the question' 0 "$(ask 2.0.0.127.$zone A | grep -c NSID)"

cookie() { # DIG OPTION...: the cookie of the reply
	ask 2.0.0.127.$zone A "$@" | sed -n 's/^; COOKIE: \([0-9a-f]*\).*/\1/p'
}
client=0011223344556677
server=$(cookie "+cookie=$client")
tap_like 'a client cookie gets one of the server' "^${client}01000000[0-9a-f]{24}\$" "$server"
tap_like 'which is good' "COOKIE: $client.* \(good\)" "$(ask 2.0.0.127.$zone A "+cookie=$server")"
tap_is 'no cookie without one' '' "$(cookie +nocookie)"
tap_asked 'a header alone with a cookie is good' 'NOERROR - 0 0' $zone SOA +header-only \
	"+cookie=$client"
tap_asked 'a cookie of a wrong length is FORMERR' 'FORMERR - 0 0' $zone SOA +nocookie \
	+ednsopt=10:0011223344

tap_asked 'an answer over UDP that is much longer than its query is cut' 'NOERROR aa tc 0 0' \
	99.2.0.192.$zone TXT +noedns +ignore
tap_asked 'and asked for again over TCP' 'NOERROR aa 1 0' 99.2.0.192.$zone TXT +noedns
tap_asked 'a client cookie alone proves nothing' 'NOERROR aa tc 0 0' 8.113.0.203.all.$zone TXT \
	+ignore "+cookie=$client"
tap_asked 'a wrong one neither' 'NOERROR aa tc 0 0' 8.113.0.203.all.$zone TXT +ignore \
	"+cookie=${server%????????}00000000"
tap_asked 'one of this server does' 'NOERROR aa 2 0' 8.113.0.203.all.$zone TXT +ignore \
	"+cookie=$server"
tap_asked 'a negative answer is short enough' 'NXDOMAIN aa 0 1' 98.2.0.192.$zone A +noedns +ignore

# --- about the zone ---------------------------------------------------------------------

tap_like '_status' '^"serial=42 generated=20[0-9-]+T[0-9:]+Z listed=1065221 policy=https://dnsbl.test/policy"$' \
	"$(ask_short _status.$zone TXT)"
tap_like '_status of a subzone' '^"serial=42 .* listed=2 policy=' "$(ask_short _status.suspects.$zone TXT)"
tap_asked '_status has TXT only' 'NOERROR aa 0 1' _status.$zone A
tap_asked 'nothing is below it' 'NXDOMAIN aa 0 1' x._status.$zone TXT
tap_like '_codes' '^"127.0.0.2=' "$(ask_short _codes.$zone TXT +tcp)"
tap_is '_codes of all' 6 "$(ask_short _codes.all.$zone TXT +tcp | wc -l)"
tap_asked 'nothing else begins that way' 'NXDOMAIN aa 0 1' _other.$zone TXT

one='\x00\x01\x00\x00\x00\x00\x00\x00' # QDCOUNT 1, no other records
soa='\x05dnsbl\x04test\x00\x00\x06\x00\x01'
tap_is 'less than a header gets no reply' '' "$(send_raw '\x00\x01\x00\x00\x00\x01\x00\x00\x00')"
tap_like 'a good packet gets one' '^00018400' "$(send_raw "\x00\x01\x00\x00$one$soa")"
tap_is 'a reply gets no reply' '' "$(send_raw "\x00\x01\x80\x00$one$soa")"
tap_like 'a pointer as name is FORMERR' '^00018001' \
	"$(send_raw "\x00\x01\x00\x00$one\xc0\x0c\x00\x06\x00\x01")"
tap_like 'two questions are FORMERR' '^00018001' \
	"$(send_raw "\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00$soa\xc0\x0c\x00\x06\x00\x01")"
tap_like 'a cut name is FORMERR' '^00018001' "$(send_raw "\x00\x01\x00\x00$one\x05dns")"

# --- TCP -------------------------------------------------------------------------

tap_is 'over TCP' 127.0.0.2 "$(ask_short 99.2.0.192.$zone A +tcp)"
tap_is 'several queries over one connection' 3 "$(
	dig +norecurse +tcp +keepopen @127.0.0.1 -p "$port" +short \
		99.2.0.192.$zone A 2.0.0.127.$zone A 1.100.51.198.$zone A | grep -c 127.0.0.2)"
query="\x00\x1c\x00\x01\x00\x00$one$soa"
exec 9<>"/dev/tcp/127.0.0.1/$port"
# shellcheck disable=SC2059
printf "$query$query$query" >&9
started=$SECONDS
replies=$(timeout 20 cat <&9 | od -An -v -tx1 | tr -d ' \n')
exec 9>&-
tap_is 'pipelined queries are all answered' 3 \
	"$(grep -o '00018400000100010000' <<<"$replies" | wc -l)"
tap_ok 'and the idle connection is closed' [ $((SECONDS - started)) -le 6 ]

# --- reloads -----------------------------------------------------------------------------

status=$("$control_send" "$dir/dnsd.sock" '{"cmd": "status"}')
tap_like 'status' '"zone":"dnsbl.test".*"state":"serving".*"serial":42' "$status"
tap_like 'with statistics' '"udp_queries":[0-9]{3}.*"nxdomain":[0-9]{2}.*"tcp_accepted":[1-9]' \
	"$status"
serial_is() {
	[ "$(ask_short $zone SOA | cut -d' ' -f3)" = "$1" ]
}
sed '/^192.0.2.99/d' "$dir/list" | "$make_snapshot" "$dir/list.snapshot" dnsbl.test 43
tap_like 'reload by command' '"ok":true' "$("$control_send" "$dir/dnsd.sock" '{"cmd": "reload"}')"
tap_ok 'the new serial is served' serial_is 43
tap_asked 'what went from the list is not listed' 'NXDOMAIN aa 0 1' 99.2.0.192.$zone A
"$make_snapshot" "$dir/list.snapshot" dnsbl.test 44 <"$dir/list"
kill -HUP "$dnsd_pid"
tap_ok 'reload by SIGHUP' wait_until 60 serial_is 44
kill -USR1 "$dnsd_pid"
tap_ok 'SIGUSR1 logs statistics' wait_until 60 log_has \
	'statistics: udp_queries [0-9]{3}.* nxdomain [1-9].* bytes_out [1-9]'
kill -USR2 "$dnsd_pid"
tap_asked 'SIGUSR2 does not end it' 'NOERROR aa 1 0' 2.0.0.127.$zone A
"$make_snapshot" "$dir/list.snapshot" dnsbl.test 45 <"$dir/list"
tap_ok 'reload because the file has changed' wait_until 60 serial_is 45
tap_like 'an unknown command' 'unsupported' "$("$control_send" "$dir/dnsd.sock" '{"cmd": "dance"}')"

size=$(stat -c %s "$dir/list.snapshot")
head -c $((size - 1)) "$dir/list.snapshot" >"$dir/cut"
mv "$dir/cut" "$dir/list.snapshot"
tap_like 'a cut snapshot is refused' "corrupt: .*list.snapshot" \
	"$("$control_send" "$dir/dnsd.sock" '{"cmd": "reload"}')"
tap_ok 'the old data stay' serial_is 45
tap_like 'the log says so' 'error: zone dnsbl.test: .*list.snapshot.*serial 45 stays in service' \
	"$(cat "$dir/log")"
tap_like 'status says so' '"state":"old data".*"error":"corrupt"' \
	"$("$control_send" "$dir/dnsd.sock" '{"cmd": "status"}')"
rm "$dir/list.snapshot"
"$control_send" "$dir/dnsd.sock" '{"cmd": "reload"}' >/dev/null
tap_ok 'and when it is removed' serial_is 45
"$make_snapshot" "$dir/list.snapshot" dnsbl.test 46 <"$dir/list"
tap_ok 'a good file is served again' wait_until 60 serial_is 46
tap_like 'status is well again' '"state":"serving"' \
	"$("$control_send" "$dir/dnsd.sock" '{"cmd": "status"}')"

# --- start and end ---------------------------------------------------------------------

tap_status 'the same address cannot be taken twice' 1 timeout 10 "$dnsd" \
	--listen "127.0.0.1@$port" --zone a.test=snapshot:/nowhere
tap_like 'and the message says what to do' \
	"cannot answer on 127.0.0.1:$port over UDP: Address already in use; another program" \
	"$tap_output"
dnsd_stop TERM
tap_is 'SIGTERM is a clean end' 0 "$dnsd_status"
tap_ok 'the control socket is gone' [ ! -e "$dir/dnsd.sock" ]

# The file is bad at start, the generation before it is good.
"$make_snapshot" "$dir/list.snapshot" dnsbl.test 47 <"$dir/list"
tap_ok 'there is a previous generation' [ -f "$dir/list.snapshot.prev" ]
echo rubbish >"$dir/list.snapshot"
dnsd_start -c "$dir/orbl.conf"
tap_ok 'the previous generation is served' serial_is 46
tap_like 'and the log says so' 'serving .*list.snapshot.prev, serial 46, instead' \
	"$(cat "$dir/log")"
dnsd_stop INT
tap_is 'SIGINT is a clean end' 0 "$dnsd_status"

# Nothing there yet, as before the first publication.
rm -f "$dir/list.snapshot" "$dir/list.snapshot.prev"
dnsd_start -c "$dir/orbl.conf"
tap_asked 'no data: SERVFAIL' 'SERVFAIL - 0 0' 2.0.0.127.$zone A
tap_like 'with an extended error' 'EDE: 14' "$(ask 2.0.0.127.$zone A)"
tap_asked 'in subzones too' 'SERVFAIL - 0 0' 2.0.0.127.all.$zone A
"$make_snapshot" "$dir/list.snapshot" dnsbl.test 48 <"$dir/list"
tap_ok 'served as soon as it is there' wait_until 60 serial_is 48
dnsd_stop TERM

# --- rbldnsd files, without a configuration file ------------------------------------------

cat >"$dir/zone" <<'ZONE'
$SOA 3000 ns.other.test admin.other.test 7 600 300 86400 200
$NS 3000 ns.other.test
$TTL 900
:127.0.0.3:Listed, see http://other.test/?$
192.0.2.1
198.51.100.0/25
!198.51.100.5
127.0.0.2
ZONE
dnsd_start --zone "other.test=rbldnsd:ip4set:$dir/zone" \
	--zone "list.test=snapshot:$dir/list.snapshot" --workers 1 --control "$dir/other.sock"
tap_asked 'no identity is told unless there is one' 'REFUSED - 0 0' id.server 'CH TXT'
tap_is 'nor NSID' 0 "$(ask other.test SOA +nsid | grep -c NSID)"
tap_is 'A of an rbldnsd file' 127.0.0.3 "$(ask_short 1.2.0.192.other.test A)"
tap_is 'its TXT' '"Listed, see http://other.test/?192.0.2.1"' \
	"$(ask_short 1.2.0.192.other.test TXT)"
tap_like 'its TTL' '[[:space:]]900[[:space:]]' "$(ask 1.2.0.192.other.test A +noall +answer)"
tap_asked 'an exclusion' 'NXDOMAIN aa 0 1' 5.100.51.198.other.test A
tap_like 'its SOA' '^ns.other.test. admin.other.test. 7 600 300 86400 200' \
	"$(ask_short other.test SOA)"
tap_like 'its negative TTL' '[[:space:]]200[[:space:]]' \
	"$(ask 9.9.9.9.other.test A +noall +authority)"
tap_is 'data may answer for 127.0.0.2' 127.0.0.3 "$(ask_short 2.0.0.127.other.test A)"
tap_asked 'an orbl code is nothing there' 'NXDOMAIN aa 0 1' 4.0.0.127.other.test A
tap_is 'a second zone' 127.0.0.2 "$(ask_short 99.2.0.192.list.test A)"
tap_is 'with its subzones' 127.0.0.4 "$(ask_short 7.113.0.203.suspects.list.test A)"
echo 192.0.2.77 >>"$dir/zone"
tap_like 'a compiled file is reloaded' '"ok":true' \
	"$("$control_send" "$dir/other.sock" '{"cmd": "reload"}')"
tap_is 'and the new entry served' 127.0.0.3 "$(ask_short 77.2.0.192.other.test A)"
rm "$dir/zone"
tap_like 'a missing file is an error' '^error: .*zone' \
	"$("$control_send" "$dir/other.sock" '{"cmd": "reload"}')"
tap_is 'and the old data stay' 127.0.0.3 "$(ask_short 77.2.0.192.other.test A)"
dnsd_stop TERM
tap_is 'a clean end' 0 "$dnsd_status"

# --- few files, many connections -------------------------------------------------------------

"$make_snapshot" "$dir/list.snapshot" dnsbl.test 49 <"$dir/list"
printf '#!/bin/sh\nulimit -n 90\nexec "%s" "$@"\n' "$dnsd" >"$dir/few_files"
chmod +x "$dir/few_files"
dnsd=$dir/few_files dnsd_start -c "$dir/orbl.conf"
tap_like 'fewer connections than the option says' \
	'only 90 files may be open, .* at most [0-9]+ connections at once' "$(cat "$dir/log")"
fds=()
for i in $(seq 100); do
	exec {fd}<>"/dev/tcp/127.0.0.1/$port" && fds+=("$fd")
done
tap_like 'connections leave files for a reload' '"ok":true' \
	"$(timeout 10 "$control_send" "$dir/dnsd.sock" '{"cmd": "reload"}')"
tap_is 'one more connection is served' 127.0.0.2 "$(ask_short 99.2.0.192.$zone A +tcp)"
for fd in "${fds[@]}"; do
	exec {fd}>&-
done
dnsd_stop TERM
tap_is 'a clean end then' 0 "$dnsd_status"

# --- wrong command lines --------------------------------------------------------------------

tap_status 'an unknown option' 2 "$dnsd" --dance
tap_status 'an option without its value' 2 "$dnsd" --listen
tap_status 'a word' 2 "$dnsd" dance
tap_status 'a bad address' 1 "$dnsd" --listen nowhere@53 --zone a.test=snapshot:/x
tap_status 'a bad zone' 1 "$dnsd" --listen 127.0.0.1@53 --zone a.test
tap_status 'too many workers' 1 "$dnsd" --workers 65 --zone a.test=snapshot:/x
tap_status 'a zone given twice' 1 timeout 10 "$dnsd" --listen "127.0.0.1@$port" \
	--zone a.test=snapshot:/x --zone A.test=snapshot:/y
tap_like 'is named' 'zone a.test has two snapshots' "$tap_output"
tap_status 'a link-local address' 1 "$dnsd" --listen fe80::1@53 --zone a.test=snapshot:/x
tap_like 'and why not' 'needs a scope' "$tap_output"
tap_ok 'the version' "$dnsd" -V
tap_ok 'the help' "$dnsd" -h
tap_done

#!/bin/bash
# Who may ask, and how often: keys in names, quotas, rates, exemptions, access lists.
. "${top_srcdir:?}/tests/system/dnsd_lib.sh"
. "$top_srcdir/tests/system/resolver_lib.sh"

orbl=$top_builddir/orbl
keys=$dir/keys
origin=dnsbl.test

printf '%s\n' '192.0.2.99 relay' '198.51.100.0/24 relay' '2001:db8::1 relay' >"$dir/list"
"$make_snapshot" "$dir/list.snapshot" $origin 1 <"$dir/list" || tap_bail 'make_snapshot failed'

write_conf() { # LINES, on standard input
	{
		cat
		printf 'dnsd.zones = {"%s=snapshot:%s"%s}\n' $origin "$dir/list.snapshot" "$more_zones"
		printf 'dnsd.control_socket = "%s"\n' "$dir/control"
		printf 'access.keys = "%s"\n' "$keys"
		printf 'zone.name = "%s"\n' $origin
	} >"$dir/orbl.conf"
}

start() {
	dnsd_start -c "$dir/orbl.conf" --workers "${1:-1}"
}

key() {
	"$orbl" dnsd key "$@" -c "$dir/orbl.conf" 2>"$dir/err"
}

new_key() { # OWNER [OPTION...] : prints the key
	key add "$@" --json | jq -r .key
}

from() { # CLIENT NAME TYPE [OPTION...]
	local client=$1
	shift
	ask "$@" -b "$client"
}
status_from() {
	from "$@" | sed -n 's/.*status: \([A-Z]*\),.*/\1/p'
}
ede_from() {
	from "$@" | sed -n 's/^; EDE: //p'
}
repeat() { # COUNT COMMAND...
	local i
	for ((i = 0; i < $1; i++)); do
		"${@:2}" >/dev/null
	done
}

# --- keys -------------------------------------------------------------------------------

more_zones=", \"only.test=snapshot:$dir/list.snapshot\""
write_conf <<'CONF'
access.keys_only = {"only.test"}
access.url = "https://x.example/keys"
CONF
alice=$(umask 077 && new_key alice)
tap_like 'a key before the server runs' '^[a-z2-7]{26}$' "$alice"
tap_like 'and nobody to tell' 'no orbl-dnsd answers' "$(cat "$dir/err")"
tap_is 'the key is not in the file' 0 "$(grep -c "$alice" "$keys")"
tap_like 'its hash is' "^$(printf %s "$alice" | b2sum -l 256 | cut -d' ' -f1) alice - ACTIVE 20..-" \
	"$(cat "$keys")"
tap_is 'which all may read' 644 "$(stat -c %a "$keys")"
chmod 640 "$keys"
key add zoe >"$dir/out"
tap_is 'unless the operator says otherwise' 640 "$(stat -c %a "$keys")"
chmod 644 "$keys"
start 2

tap_is 'a listed address below a key' 127.0.0.2 "$(ask_short "99.2.0.192.$alice.$origin" A)"
tap_is 'without regard to case' 127.0.0.2 "$(ask_short "99.2.0.192.${alice^^}.$origin" A)"
tap_is 'over TCP' 127.0.0.2 "$(ask_short "99.2.0.192.$alice.$origin" A +tcp)"
tap_is 'a range' 127.0.0.2 "$(ask_short "9.100.51.198.$alice.$origin" A)"
tap_is 'IPv6' 127.0.0.2 \
	"$(ask_short "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.$alice.$origin" A)"
tap_is 'a subzone' 127.0.0.2 "$(ask_short "99.2.0.192.$alice.relays.$origin" A)"
tap_is 'the test point' 127.0.0.2 "$(ask_short "2.0.0.127.$alice.$origin" A)"
tap_asked 'never 127.0.0.1' 'NXDOMAIN aa 0 1' "1.0.0.127.$alice.$origin" A
tap_asked 'an address that is not listed' 'NXDOMAIN aa 0 1' "98.2.0.192.$alice.$origin" A
tap_like 'TXT' 'ip=192.0.2.99"' "$(ask_short "99.2.0.192.$alice.$origin" TXT)"
tap_like 'status' 'serial' "$(ask_short "_status.$alice.$origin" TXT)"
for type in A NS SOA TXT; do
	tap_asked "$type of the key itself" 'NOERROR aa 0 1' "$alice.$origin" $type
done
tap_asked 'an unknown key' 'REFUSED - 0 0' "2.0.0.127.abcdefghijklmnopqrstuvwxyz.$origin" A
tap_is 'says so' '18 (Prohibited): (unknown key; see https://x.example/keys)' \
	"$(ede_from 127.0.0.1 "2.0.0.127.abcdefghijklmnopqrstuvwxyz.$origin" A)"
tap_asked 'no key, where none is needed' 'NOERROR aa 1 0' "99.2.0.192.$origin" A
tap_asked 'no key, where one is needed' 'REFUSED - 0 0' 99.2.0.192.only.test A
tap_like 'says so' 'key needed' "$(ede_from 127.0.0.1 99.2.0.192.only.test A)"
tap_is 'with it' 127.0.0.2 "$(ask_short "99.2.0.192.$alice.only.test" A)"
tap_asked 'the origin of that zone' 'NOERROR aa 1 0' only.test SOA

bob=$(new_key bob --zone "relays.$origin" --quota 5)
tap_is 'a key added while it runs' 127.0.0.2 "$(ask_short "99.2.0.192.$bob.relays.$origin" A)"
tap_is 'nothing to complain of' '' "$(cat "$dir/err")"
tap_like 'not for other zones' 'key of another zone' \
	"$(ede_from 127.0.0.1 "99.2.0.192.$bob.$origin" A)"
tap_is 'three keys are listed' 'alice active;zoe active;bob active;' \
	"$(key list | awk 'NR > 1 { printf "%s %s;", $1, $4 }')"
repeat 10 ask "99.2.0.192.$bob.relays.$origin" A
bob_is_over() {
	ede_from 127.0.0.1 "99.2.0.192.$bob.relays.$origin" A | grep -q 'over quota'
}
wait_until 60 bob_is_over
tap_like "a key's quota" 'over quota; see https' \
	"$(ede_from 127.0.0.1 "99.2.0.192.$bob.relays.$origin" A)"
tap_is 'is not that of another' 127.0.0.2 "$(ask_short "99.2.0.192.$alice.$origin" A)"
wait_until 60 log_has 'key of bob has used up its quota of 5'
tap_like 'the log names the owner' 'key of bob has used up its quota of 5' "$(cat "$dir/log")"
tap_is 'and no key' 0 "$(grep -c -e "$alice" -e "$bob" "$dir/log")"
carol=$(new_key carol)
tap_like 'another key added: the count goes on' 'over quota' \
	"$(ede_from 127.0.0.1 "99.2.0.192.$bob.relays.$origin" A)"

key revoke alice >"$dir/out"
tap_is 'revoked' '1 key is revoked' "$(cat "$dir/out")"
tap_like 'refused at once' '18 .*revoked key' "$(ede_from 127.0.0.1 "99.2.0.192.$alice.$origin" A)"
tap_is 'the other one is not' 127.0.0.2 "$(ask_short "99.2.0.192.$carol.$origin" A)"
key revoke "$(printf %s "$carol" | b2sum -l 256 | cut -c1-12)" >"$dir/out"
tap_is 'revoked by its hash' REFUSED "$(status_from 127.0.0.1 "99.2.0.192.$carol.$origin" A)"
key revoke nobody >"$dir/out"
tap_is 'no such owner' 1 $?
key revoke 1234567 >"$dir/out"
tap_is 'too short for a hash' 1 $?
key add 'a b' >"$dir/out"
tap_is 'no name for an owner' 2 $?

dave=$(new_key dave)
cp "$keys" "$dir/keys.good"
echo 'nonsense' >>"$keys"
"$control_send" "$dir/control" '{"cmd":"keys"}' >"$dir/out" 2>&1
tap_like 'a bad line is named' "keys:[0-9]+: a line begins with the hash" "$(cat "$dir/out" "$dir/log")"
tap_is 'the keys before stay' 127.0.0.2 "$(ask_short "99.2.0.192.$dave.$origin" A)"
key add eve >"$dir/out"
tap_is 'nothing is added behind it' 2 $?
tap_like 'and it is named' 'keys:[0-9]+: ' "$(cat "$dir/err")"
cp "$dir/keys.good" "$keys"
key list >"$dir/out"
tap_is 'mended' 0 $?
dnsd_stop
tap_is 'it ends well' 0 "$dnsd_status"
start
tap_is 'after a start keys are what they were' '127.0.0.2 REFUSED' \
	"$(ask_short "99.2.0.192.$dave.$origin" A) $(status_from 127.0.0.1 "2.0.0.127.$alice.$origin" A)"

dnsd_stop

# --- a file that cannot be read ------------------------------------------------------------

answers() { # of an unlisted and a listed name with a key, and of one without: rcode and error
	local name
	for name in "98.2.0.192.$dave.$origin" "99.2.0.192.$dave.$origin" "99.2.0.192.$origin"; do
		echo "$(status_from 127.0.0.1 "$name" A) $(ede_from 127.0.0.1 "$name" A)" | xargs
	done
}
unread=$(printf '%s\n' 'SERVFAIL 14 (Not Ready)' 'SERVFAIL 14 (Not Ready)' NOERROR)
well=$(printf '%s\n' NXDOMAIN NOERROR NOERROR)

# As root it reads the file as nobody, whose file this is not.
[ "$(id -u)" != 0 ] || chown root "$keys"
chmod 0 "$keys"
start
tap_is 'not at the start: names with a key fail' "$unread" "$(answers)"
tap_is 'and say nothing' '' "$(ask_short "99.2.0.192.$dave.$origin" A)"
denied='Permission denied; user .* needs the right to read it'
tap_like 'the log says why' \
	"access.keys: .*keys: .*$denied.*; names with a key are answered with SERVFAIL" \
	"$(cat "$dir/log")"
chmod 644 "$keys"
"$control_send" "$dir/control" '{"cmd":"keys"}' >"$dir/out" 2>&1
tap_is 'read at last' "$well" "$(answers)"
tap_like 'which is logged' 'access.keys: .* is read again' "$(cat "$dir/log")"
chmod 0 "$keys"
"$control_send" "$dir/control" '{"cmd":"keys"}' >"$dir/out" 2>&1
tap_is 'not any more: the keys before stay' "$well" "$(answers)"
tap_like 'the log says that' 'Permission denied; user .*; the keys that were read before stay in service' \
	"$(cat "$dir/log")"
dnsd_stop
chmod 644 "$keys"
echo nonsense >>"$keys"
start
tap_is 'a bad line at the start' "$unread" "$(answers)"
tap_like 'is named' 'keys:[0-9]+: a line begins with the hash.*are answered with SERVFAIL' \
	"$(cat "$dir/log")"
cp "$dir/keys.good" "$keys"
"$control_send" "$dir/control" '{"cmd":"keys"}' >"$dir/out" 2>&1
tap_is 'mended while it runs' "$well" "$(answers)"
dnsd_stop
mv "$keys" "$dir/keys.away"
start
tap_is 'no file at all' "$unread" "$(answers)"
tap_like 'is told with the remedy' \
	'notice: access.keys: .*keys is not there: no key is known yet; make one with orbl dnsd key add' \
	"$(cat "$dir/log")"
key add carla >"$dir/out"
tap_is 'a first key, and others are unknown' REFUSED \
	"$(status_from 127.0.0.1 "99.2.0.192.$dave.$origin" A)"
dnsd_stop
mv "$dir/keys.away" "$keys"
start

# --- a resolver that minimises names strictly ---------------------------------------------

resolve() {
	dig +tries=2 +time=5 @127.0.0.1 -p "$resolver_port" +short "$1" "${2:-A}"
}

resolver_start "$origin" only.test
for zone in $origin "relays.$origin" only.test relays.only.test; do
	tap_is "a resolver finds a listed address below a key, $zone" 127.0.0.2 \
		"$(resolve "99.2.0.192.$dave.$zone")"
	tap_is 'the test point' 127.0.0.2 "$(resolve "2.0.0.127.$dave.$zone")"
	tap_is 'an IPv6 address' 127.0.0.2 \
		"$(resolve "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.$dave.$zone")"
	tap_is 'and never 127.0.0.1' '' "$(resolve "1.0.0.127.$dave.$zone")"
done
resolver_stop
dnsd_stop

# --- quota --------------------------------------------------------------------------------

more_zones=
: >"$keys"
write_conf <<'CONF'
access.quota = 40
access.warn_at = 50
access.url = "https://x.example/"
access.exempt = {"127.0.0.9"}
CONF
frank=$(new_key frank)
start 2
repeat 25 from 127.0.0.5 "99.2.0.192.$origin" A +nocookie
wait_until 60 log_has 'client 127.0.0.5 has used 50 % of its quota of 40'
tap_like 'half of a quota is told' '127.0.0.5 has used 50 %' "$(cat "$dir/log")"
tap_is 'and nobody is refused yet' NOERROR "$(status_from 127.0.0.5 "99.2.0.192.$origin" A)"
repeat 15 from 127.0.0.5 "99.2.0.192.$origin" A +nocookie
is_sent_to_tcp() { # CLIENT
	from "$1" "99.2.0.192.$origin" A +nocookie +ignore | grep -q 'flags:.* tc'
}
is_over() { # CLIENT [OPTION...]
	local client=$1
	shift
	ede_from "$client" "99.2.0.192.$origin" A "$@" | grep -q 'over quota'
}
all_of_12() { # COMMAND... : prints how many succeed, whichever worker they come to
	local i n=0
	for i in {1..12}; do
		"$@" && n=$((n + 1))
	done
	echo $n
}
wait_until 60 is_sent_to_tcp 127.0.0.5
tap_is 'all of it over UDP, and it is sent to TCP' 12 "$(all_of_12 is_sent_to_tcp 127.0.0.5)"
tap_is 'and refused nothing' NOERROR \
	"$(status_from 127.0.0.5 "99.2.0.192.$origin" A +nocookie +ignore)"
tap_is 'which leaves no listing' 0 \
	"$(from 127.0.0.5 "99.2.0.192.$origin" A +nocookie +ignore +short | grep -c '127\.0\.0\.2$')"
tap_is 'a client that does so is answered' 127.0.0.2 \
	"$(from 127.0.0.5 "99.2.0.192.$origin" A +nocookie +short)"
cookie=$(from 127.0.0.5 $origin SOA | sed -n 's/^; COOKIE: \([0-9a-f]*\).*/\1/p')
tap_is 'and one with a cookie' 127.0.0.2 \
	"$(from 127.0.0.5 "99.2.0.192.$origin" A +ignore +short "+cookie=$cookie")"
tap_like 'the log says where it is sent' \
	'client 127.0.0.5 has used up its quota of 40 queries a day, and is sent to TCP' \
	"$(cat "$dir/log")"
repeat 60 from 127.0.0.5 "99.2.0.192.other.example" A +tcp
repeat 30 from 127.0.0.5 "99.2.0.192.$origin" A +tcp
sleep 1.5
tap_is 'what is none of our zones does not count' NOERROR \
	"$(status_from 127.0.0.5 "99.2.0.192.$origin" A +tcp)"
repeat 15 from 127.0.0.5 "99.2.0.192.$origin" A +ignore "+cookie=$cookie"
wait_until 60 is_over 127.0.0.5 +tcp
tap_is 'all of it proved, and it is refused' 12 "$(all_of_12 is_over 127.0.0.5 +tcp)"
tap_is 'over UDP too' 12 "$(all_of_12 is_over 127.0.0.5 +nocookie)"
tap_is 'and with its cookie' 12 "$(all_of_12 is_over 127.0.0.5 "+cookie=$cookie" +ignore)"
tap_is 'with the reason' '18 (Prohibited): (over quota; see https://x.example/)' \
	"$(ede_from 127.0.0.5 "98.2.0.192.$origin" A)"
tap_is 'never a listing' '' "$(from 127.0.0.5 "99.2.0.192.$origin" A +short)"
tap_is 'its origin is answered' NOERROR "$(status_from 127.0.0.5 $origin SOA)"
tap_is 'with a key it may ask' 127.0.0.2 "$(from 127.0.0.5 "99.2.0.192.$frank.$origin" A +short)"
tap_is 'others may' 127.0.0.2 "$(from 127.0.0.6 "99.2.0.192.$origin" A +short)"
tap_is 'it is told once' 1 \
	"$(grep -c '127.0.0.5 (proved) has used up its quota.*is refused' "$dir/log")"
repeat 60 from 127.0.0.9 "99.2.0.192.$origin" A +tcp
sleep 1.5
tap_is 'one that is exempt may ask more' NOERROR "$(status_from 127.0.0.9 "99.2.0.192.$origin" A +tcp)"
repeat 60 from 127.0.0.8 "99.2.0.192.$frank.$origin" A +tcp
sleep 1.5
tap_is 'a key is not counted for the client' NOERROR \
	"$(status_from 127.0.0.8 "99.2.0.192.$origin" A +tcp)"
"$control_send" "$dir/control" '{"cmd":"stats"}' >"$dir/stats" 2>&1
tap_like 'stats name the client' '127\.0\.0\.5' "$(cat "$dir/stats")"
tap_like 'and the owner' 'frank' "$(cat "$dir/stats")"
tap_is 'and no key' 0 "$(grep -c "$frank" "$dir/stats" "$dir/log" | awk -F: '{ n += $2 } END { print n }')"
dnsd_stop

# --- rate ---------------------------------------------------------------------------------

write_conf <<'CONF'
rrl.rate = 5
rrl.slip = 2
access.exempt = {"127.0.1.0/24"}
CONF
start
burst() { # CLIENT OPTION... : prints how many of 60 were answered, truncated, and not replied to
	local client=$1
	shift
	python3 "$top_srcdir/tests/system/access_burst.py" "$port" "$client" "$@"
}
read -r answered truncated silent <<<"$(burst 127.0.0.5)"
tap_is 'of 60 at once 5 or 6 are answered' yes \
	"$([ "$answered" -ge 5 ] && [ "$answered" -le 6 ] && echo yes || echo "$answered")"
tap_is 'half of the others truncated, by chance' yes \
	"$([ "$truncated" -ge 8 ] && [ "$truncated" -le 47 ] && echo yes || echo "$truncated")"
tap_is 'the rest is silence' "$((60 - answered - truncated))" "$silent"
tap_is 'another network is not held back' 1 "$(burst 127.0.2.5 | awk '{ print ($1 >= 5) }')"
tap_is 'over TCP it is answered' 127.0.0.2 "$(from 127.0.0.5 "99.2.0.192.$origin" A +tcp +short)"
tap_is 'an exempt one is answered 60 times' '60 0 0' "$(burst 127.0.1.5)"
# dig takes the truncated reply as it should, or asks again with the cookie that it got.
repeat 3 burst 127.0.3.5
tap_is 'dig finds its way' 127.0.0.2 "$(dig +tries=8 +time=1 @127.0.0.1 -p "$port" -b 127.0.3.9 \
	+short "99.2.0.192.$origin" A)"
cookie=$(from 127.0.4.5 "99.2.0.192.$origin" A | sed -n 's/^; COOKIE: \([0-9a-f]*\).*/\1/p')
burst 127.0.4.6 >/dev/null
refused=0
for i in {1..20}; do
	[ "$(from 127.0.4.5 "99.2.0.192.$origin" A +short "+cookie=$cookie" +ignore)" = 127.0.0.2 ] ||
		refused=$((refused + 1))
done
tap_is 'a valid cookie is always answered' 0 "$refused"
dnsd_stop

# --- access lists -------------------------------------------------------------------------

printf '%s\n' '127.0.0.10 :ignore' '127.0.0.11 :refuse' '127.0.0.12 :empty' '127.0.0.13 :allow' \
	'127.0.0.14 :2:listed, all of it' '127.0.0.9 :127.255.255.254:Error: open resolver' \
	'127.0.0.16/29 :refuse' '127.0.0.17 :allow' >"$dir/acl"
printf '%s\n' '127.0.0.30 :refuse' '127.0.0.13 :pass' >"$dir/acl.zone"
printf '%s\n' 192.0.2.99 :2:x >"$dir/ip4"
acl_tests() { # WHERE
	tap_is "$1: ignore" '' "$(status_from 127.0.0.10 99.2.0.192.one.test A +time=1)"
	tap_is "$1: refuse" REFUSED "$(status_from 127.0.0.11 99.2.0.192.one.test A)"
	tap_is "$1: refused with error 18" '18 (Prohibited)' \
		"$(ede_from 127.0.0.11 99.2.0.192.one.test A)"
	tap_is "$1: empty" NXDOMAIN "$(status_from 127.0.0.12 99.2.0.192.one.test A)"
	tap_is "$1: allow" 127.0.0.2 "$(from 127.0.0.13 99.2.0.192.one.test A +short)"
	tap_is "$1: a prefix" REFUSED "$(status_from 127.0.0.18 99.2.0.192.one.test A)"
	tap_is "$1: allow within it" 127.0.0.2 "$(from 127.0.0.17 99.2.0.192.one.test A +short)"
	tap_is "$1: all others" 127.0.0.2 "$(from 127.0.0.15 99.2.0.192.one.test A +short)"
	tap_is "$1: a list for one zone" 'REFUSED NOERROR' \
		"$(status_from 127.0.0.30 99.2.0.192.one.test A) $(status_from 127.0.0.30 \
			99.2.0.192.two.test A)"
	tap_is "$1: one for all zones" REFUSED "$(status_from 127.0.0.11 99.2.0.192.two.test A)"
}
dnsd_start "one.test:ip4set:$dir/ip4" "two.test:ip4set:$dir/ip4" ":acl:$dir/acl" \
	"one.test:acl:$dir/acl.zone"
acl_tests 'command line'
tap_is 'listed to everybody: not unless asked for' REFUSED \
	"$(status_from 127.0.0.14 98.2.0.192.one.test A)"
tap_is 'an error code is no listing' 127.255.255.254 \
	"$(from 127.0.0.9 98.2.0.192.one.test A +short)"
tap_is 'and has its text' '"Error: open resolver"' \
	"$(from 127.0.0.9 98.2.0.192.one.test TXT +short)"
tap_like 'and the log says so' 'lists everything' "$(cat "$dir/log")"
dnsd_stop

cat >"$dir/orbl.conf" <<CONF
dnsd.zones = {"one.test=rbldnsd:ip4set:$dir/ip4", "two.test=rbldnsd:ip4set:$dir/ip4",
	"=rbldnsd:acl:$dir/acl", "one.test=rbldnsd:acl:$dir/acl.zone"}
dnsd.control_socket = ""
rbldnsd.acl_list_all = yes
access.quota = 5
access.keys = "$keys"
access.keys_only = {"two.test"}
CONF
start
tap_is 'listed to everybody, as asked for' 127.0.0.2 \
	"$(from 127.0.0.14 98.2.0.192.one.test A +short)"
tap_is 'but never 127.0.0.1' NXDOMAIN "$(status_from 127.0.0.14 1.0.0.127.one.test A)"
tap_is 'nor below a key' NXDOMAIN "$(status_from 127.0.0.14 "1.0.0.127.$frank.one.test" A)"
repeat 12 from 127.0.0.13 99.2.0.192.one.test A +tcp
repeat 12 from 127.0.0.15 99.2.0.192.one.test A +tcp
is_refused() {
	[ "$(status_from 127.0.0.15 99.2.0.192.one.test A)" = REFUSED ]
}
wait_until 60 is_refused
tap_is 'whom a list lets pass has no quota' 127.0.0.2 \
	"$(from 127.0.0.13 99.2.0.192.one.test A +short)"
tap_is 'others have' REFUSED "$(status_from 127.0.0.15 99.2.0.192.one.test A)"
tap_is 'nor does it need a key' 127.0.0.2 \
	"$(from 127.0.0.13 99.2.0.192.two.test A +short)"
tap_is 'as others do' REFUSED "$(status_from 127.0.0.25 99.2.0.192.two.test A)"
tap_is 'a key opens no door that a list has shut' REFUSED \
"$(status_from 127.0.0.11 "99.2.0.192.$frank.two.test" A)"
dnsd_stop

echo 'access.error_codes = yes' >>"$dir/orbl.conf"
start
repeat 12 from 127.0.0.15 99.2.0.192.one.test A +tcp
is_code() {
	[ "$(from 127.0.0.15 99.2.0.192.one.test A +short)" = 127.255.255.255 ]
}
wait_until 60 is_code
tap_is 'over quota, as a code' 127.255.255.255 "$(from 127.0.0.15 99.2.0.192.one.test A +short)"
tap_is 'with the reason' '"Error: over quota"' "$(from 127.0.0.15 98.2.0.192.one.test TXT +short)"
tap_is 'no key, as a code' 127.255.255.254 "$(from 127.0.0.25 98.2.0.192.two.test A +short)"
tap_is '127.0.0.1 gets none' REFUSED "$(status_from 127.0.0.15 1.0.0.127.one.test A)"
dnsd_stop

# --- what does not go together --------------------------------------------------------------

printf 'access.keys_only = {"%s"}\n' $origin >"$dir/orbl.conf"
"$dnsd" -c "$dir/orbl.conf" -T >"$dir/out" 2>&1
tap_like 'keys_only without keys' 'access.keys_only needs access.keys' "$(cat "$dir/out")"
more_zones=
write_conf <<'CONF'
access.keys_only = {"dnsbl.tset"}
CONF
"$dnsd" -c "$dir/orbl.conf" -T >"$dir/out" 2>&1
tap_like 'keys_only of no zone' 'zone dnsbl.tset is none of dnsd.zones' "$(cat "$dir/out")"
tap_done

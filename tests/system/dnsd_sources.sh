#!/bin/bash
# dnsd_sources.sh - what a real orbl-dnsd makes of its sources: data sets of rbldnsd by its own
# command line, several of them in a zone, access control, freshness, deltas, the loader.
. "${top_srcdir:?}/tests/system/dnsd_lib.sh"

control() { # COMMAND
	timeout 60 "$control_send" "$dir/sock" "{\"cmd\": \"$1\"}"
}
reload() {
	control reload >"$dir/reload"
}
mapped=f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0
v6=1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2

# --- the command line of rbldnsd, several data sets in a zone --------------------------------

cat >"$dir/four" <<'ZONE'
$SOA 3000 ns.bl.test admin.bl.test 7 600 300 86400 200
$NS 3000 ns.bl.test ns2.bl.test
$TTL 900
:127.0.0.3:four $
192.0.2.1
198.51.100.0/24
!198.51.100.5
ZONE
printf '192.0.2.9\n' >"$dir/four.more"
printf '$TTL 300\n:127.0.0.4:other $\n192.0.2.1\n198.51.100.5\n2001:db8::1\n' >"$dir/trie"
sed -i '/2001/d' "$dir/trie"
printf ':127.0.0.6:six $\n2001:db8::/64\n' >"$dir/six"
printf ':127.0.0.9:name $\nspam.example\n.all.example\n' >"$dir/names"
printf '@ A 192.0.2.80\n@ MX 10 mail.bl.test\nwww A 192.0.2.80\n' >"$dir/generic"
cat >"$dir/combined" <<'ZONE'
$SOA 3000 ns.c.test admin.c.test 9 600 300 86400 200
$NS 3000 ns.c.test
$DATASET ip4set:open relays @
:127.0.0.2:relay
192.0.2.20
$DATASET ip4set proxies
:127.0.0.5:proxy
192.0.2.50
$DATASET dnset names
:127.0.0.7:name
bad.example
ZONE
gzip -c "$dir/four" >"$dir/four.gz"
dnsd_start --workers 1 --control "$dir/sock" \
	"bl.test:ip4set:$dir/four,$dir/four.more" "bl.test:ip4trie:$dir/trie" \
	--zone "bl.test=rbldnsd:ip6trie:$dir/six" "bl.test:dnset:$dir/names" \
	"bl.test:generic:$dir/generic" "c.test:combined:$dir/combined" \
	"again.test:ip4set:$dir/four,$dir/four.more" "zip.test:ip4set:$dir/four.gz"
tap_like 'each zone is named once' "zones: bl.test, c.test, again.test, zip.test\$" "$(
	grep ready "$dir/log")"
tap_is 'the records of all data sets' '127.0.0.3 127.0.0.4 ' \
	"$(ask_short 1.2.0.192.bl.test A | sort | tr '\n' ' ')"
tap_is 'their texts' '"four 192.0.2.1" "other 192.0.2.1" ' \
	"$(ask_short 1.2.0.192.bl.test TXT | sort | tr '\n' ' ')"
tap_is 'the lowest TTL' 300 "$(ask 1.2.0.192.bl.test A +noall +answer | awk '{ print $2 }' | sort -u)"
tap_is 'an exclusion is its data set'\''s own' 127.0.0.4 "$(ask_short 5.100.51.198.bl.test A)"
tap_is 'the second file of a data set, with values of its own' 127.0.0.2 "$(ask_short 9.2.0.192.bl.test A)"
tap_is 'an IPv6 address' 127.0.0.6 "$(ask_short $v6.bl.test A)"
tap_is 'a name' 127.0.0.9 "$(ask_short spam.example.bl.test A)"
tap_asked 'not what is below it' 'NXDOMAIN aa 0 1' www.spam.example.bl.test A
tap_is 'a name and all below' 127.0.0.9 "$(ask_short www.all.example.bl.test A)"
tap_is 'its text' '"name all.example"' "$(ask_short www.all.example.bl.test TXT)"
tap_is 'a record at the origin' 192.0.2.80 "$(ask_short bl.test A)"
tap_is 'an MX there' '10 mail.bl.test.' "$(ask_short bl.test MX)"
tap_is 'a record below' 192.0.2.80 "$(ask_short www.bl.test A)"
tap_like 'the first SOA' '^ns.bl.test. admin.bl.test. 7 ' "$(ask_short bl.test SOA)"
tap_is 'the first NS' 2 "$(ask_short bl.test NS | wc -l)"
tap_asked 'what no data set has' 'NXDOMAIN aa 0 1' 77.2.0.192.bl.test A
tap_is 'one source in two zones' 127.0.0.3 "$(ask_short 1.2.0.192.again.test A)"
tap_is 'a compressed file' 127.0.0.3 "$(ask_short 1.2.0.192.zip.test A)"
tap_is 'a mapped address' 127.0.0.3 "$(ask_short 1.0.2.0.0.0.0.c.$mapped.again.test A)"

tap_is 'combined: the base' 127.0.0.2 "$(ask_short 20.2.0.192.c.test A)"
tap_is 'a subzone' 127.0.0.2 "$(ask_short 20.2.0.192.relays.c.test A)"
tap_is 'another one' 127.0.0.5 "$(ask_short 50.2.0.192.proxies.c.test A)"
tap_is 'one of names' 127.0.0.7 "$(ask_short bad.example.names.c.test A)"
tap_asked 'which is not in the base' 'NXDOMAIN aa 0 1' 50.2.0.192.c.test A
tap_asked 'a subzone has no SOA' 'NOERROR aa 0 1' proxies.c.test SOA
tap_like 'but its base has' '^c\.test\.' "$(ask 99.2.0.192.proxies.c.test A +noall +authority)"

status=$(control status)
tap_is 'status: five sources of a zone' \
	'ip4set ip4trie ip6trie dnset generic' \
	"$(jq -r '[.zones[] | select(.zone == "bl.test").sources[].type] | join(" ")' <<<"$status")"
tap_is 'with their files' "$dir/four $dir/four.more" \
	"$(jq -r '.zones[0].sources[0].files | join(" ")' <<<"$status")"
tap_is 'their state' 'serving serving' \
	"$(jq -r '[.zones[0].state, .zones[0].sources[4].state] | join(" ")' <<<"$status")"
tap_ok 'and their age' jq -e '.zones[0].sources[0] | .age >= 0 and .age < 600 and .entries == 4' \
	<<<"$status"

printf '192.0.2.9\n192.0.2.10\n' >"$dir/four.more"
tap_like 'a reload' '"ok":true' "$(control reload)"
tap_is 'sees the second file' 127.0.0.2 "$(ask_short 10.2.0.192.bl.test A)"
tap_is 'in both zones' 127.0.0.2 "$(ask_short 10.2.0.192.again.test A)"
head -c 60 "$dir/four.gz" >"$dir/cut" && mv "$dir/cut" "$dir/four.gz"
tap_like 'a cut compressed file is refused' 'four.gz' "$(control reload)"
tap_is 'and the old data stay' 127.0.0.3 "$(ask_short 1.2.0.192.zip.test A)"
tap_is 'as status says' 'old data' \
	"$(control status | jq -r '.zones[] | select(.zone == "zip.test").state')"
dnsd_stop TERM
tap_is 'a clean end' 0 "$dnsd_status"

# --- the loader ------------------------------------------------------------------------------

loader_pid=
find_loader() {
	loader_pid=$(dnsd_child orbl-loader)
	[ -n "$loader_pid" ]
}
# It is stopped as soon as it is there, so that there is time to kill it.
catch_loader() {
	local end=$((SECONDS + 10))
	until find_loader && kill -STOP "$loader_pid"; do
		[ "$SECONDS" -lt "$end" ] || return 1
	done
}
seq -f '10.%g.0.0/16' 0 255 >"$dir/many"
for i in $(seq 1 250); do seq -f "192.0.$i.%g" 0 255; done >>"$dir/many"
# Long enough for the loader to be met at work.
awk 'BEGIN { for (i = 0; i < 1000000; i++)
	printf "100.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256 }' >>"$dir/many"
dnsd_start --workers 1 --control "$dir/sock" "big.test:ip4set:$dir/many"
tap_status 'no loader is left when all is loaded' 1 find_loader
echo 203.0.113.1 >>"$dir/many"
reload &
reload_pid=$!
catch_loader
tap_ok 'there is one while it compiles' [ -n "$loader_pid" ]
tap_is 'answers do not wait for it' 127.0.0.2 "$(ask_short 1.1.0.192.big.test A)"
kill -KILL "${loader_pid:?}"
wait "$reload_pid"
tap_like 'when it is killed the reload says so' 'signal 9' "$(cat "$dir/reload")"
tap_ok 'and the log' log_has 'zone big.test: .*signal 9.* stays in service'
tap_is 'the old data stay' 127.0.0.2 "$(ask_short 1.1.0.192.big.test A)"
tap_asked 'without the new' 'NXDOMAIN aa 0 1' 1.113.0.203.big.test A
tap_like 'the next reload succeeds' '"ok":true' "$(control reload)"
tap_is 'and has the new entry' 127.0.0.2 "$(ask_short 1.113.0.203.big.test A)"
dnsd_stop TERM
tap_is 'a clean end after that' 0 "$dnsd_status"

# --- access control -----------------------------------------------------------------------------

ask_from() { # CLIENT NAME TYPE [OPTION...]
	local client=$1
	shift
	ask_summary "$@" -b "$client" +time=1
}
cat >"$dir/acl" <<'ZONE'
127.0.0.5 :ignore
127.0.0.6 :refuse
127.0.0.7 :empty
127.0.0.16/28 :refuse
127.0.0.17 :pass
127.0.0.8 :127.0.0.2:all is listed for $
ZONE
printf '127.0.0.9 :refuse\n127.0.0.7 :refuse\n' >"$dir/acl.all"
label=a-rather-long-label-in-the-name-of-a-server
printf '$SOA 0 %s.ns.%s.example %s.%s.example 0 1h 1h 1h 1h\n' $label $label $label $label >"$dir/long"
dnsd_start --workers 1 --control "$dir/sock" "a.test:ip4set:$dir/four" "a.test:acl:$dir/acl" \
	":acl:$dir/acl.all" "b.test:ip4set:$dir/four" "l.test:ip4set:$dir/long"
tap_is 'one zone is warned about for its long negative answers' \
	'zone l.test: negative answers are more than 3 times' \
	"$(grep -o 'zone .*: negative answers are more than 3 times' "$dir/log")"
tap_is 'a client without an entry' 'NOERROR aa 1 0' "$(ask_from 127.0.0.4 1.2.0.192.a.test A)"
tap_is 'ignore' ' -  ' "$(ask_from 127.0.0.5 1.2.0.192.a.test A)"
tap_is 'refuse' 'REFUSED - 0 0' "$(ask_from 127.0.0.6 1.2.0.192.a.test A)"
tap_is 'refuse wins over empty' 'REFUSED - 0 0' "$(ask_from 127.0.0.7 1.2.0.192.a.test A)"
tap_is 'a prefix' 'REFUSED - 0 0' "$(ask_from 127.0.0.18 1.2.0.192.a.test A)"
tap_is 'an address within it' 'NOERROR aa 1 0' "$(ask_from 127.0.0.17 1.2.0.192.a.test A)"
tap_is 'listing everything is refusing' 'REFUSED - 0 0' "$(ask_from 127.0.0.8 9.9.9.9.a.test A)"
tap_like 'and warned about' 'warning: zone a.test: .*lists everything' "$(cat "$dir/log")"
tap_is 'another zone has none of that' 'NOERROR aa 1 0' "$(ask_from 127.0.0.6 1.2.0.192.b.test A)"
tap_is 'the list of all zones' 'REFUSED - 0 0' "$(ask_from 127.0.0.9 1.2.0.192.b.test A)"
tap_is 'over TCP too' 'REFUSED - 0 0' "$(ask_from 127.0.0.9 1.2.0.192.a.test A +tcp)"
echo '# none' >"$dir/acl.all"
reload
tap_is 'empty' 'NXDOMAIN aa 0 1' "$(ask_from 127.0.0.7 1.2.0.192.a.test A)"
tap_is 'with the SOA' 'NOERROR aa 1 0' "$(ask_from 127.0.0.7 a.test SOA)"
tap_is 'the list of all zones is loaded again' 'NOERROR aa 1 0' \
	"$(ask_from 127.0.0.9 1.2.0.192.b.test A)"
echo '127.0.0.9 :refuse' >"$dir/acl.all"
reload
printf '127.0.0.8 :refuse\n127.0.0.9 :refues\n' >"$dir/acl.all"
reload
tap_like 'an action that there is not: the list is refused' \
	'error: .*acl.all:2: unknown action "refues"; there are allow, pass, refuse, ignore, empty' \
	"$(cat "$dir/reload")"
tap_is 'the list before stays' 'REFUSED - 0 0' "$(ask_from 127.0.0.9 1.2.0.192.b.test A)"
printf 'dnsd.control_socket = "%s"\n' "$dir/sock" >"$dir/socket.conf"
tap_status 'orbl dnsd reload tells by its status' 1 "$top_builddir/orbl" dnsd reload -c "$dir/socket.conf"
tap_like 'and with file and line' 'acl.all:2: unknown action' "$tap_output"
dnsd_stop TERM
dnsd_start --workers 1 ":acl:$dir/acl.all" "b.test:ip4set:$dir/four"
tap_is 'without a list before: SERVFAIL' 'SERVFAIL - 0 0' "$(ask_from 127.0.0.4 1.2.0.192.b.test A)"
dnsd_stop TERM

# --- lines that are skipped --------------------------------------------------------------------

printf '192.0.2.1\nbad\n192.0.2.256\n' >"$dir/some"
dnsd_start --workers 1 --control "$dir/sock" "s.test:ip4set:$dir/some"
tap_is 'status counts them' 2 "$(control status | jq -r '.zones[0].sources[0].skipped')"
tap_ok 'orbl dnsd zones' "$top_builddir/orbl" dnsd zones -c "$dir/socket.conf"
tap_like 'tells how many' 's.test: 2 lines of .*some skipped' "$tap_output"
printf '192.0.2.1\nbad\n192.0.2.2\n' >"$dir/some"
tap_ok 'orbl dnsd reload, which is well all the same,' "$top_builddir/orbl" dnsd reload -c "$dir/socket.conf"
tap_like 'tells it too' 's.test: 1 line of .*some skipped' "$tap_output"
printf '192.0.2.1\n' >"$dir/some"
tap_ok 'when there are none' "$top_builddir/orbl" dnsd reload -c "$dir/socket.conf"
tap_is 'nothing is said' 0 "$(grep -c skipped <<<"$tap_output")"
dnsd_stop TERM

# --- what -T finds -----------------------------------------------------------------------------

printf '%s\n' "dnsd.zones = {\"a.test=snapshot:$dir/list\", \"=rbldnsd:acl:$dir/acl\"}" \
	'transfer.allow = {"a.tset 127.0.0.1"}' >"$dir/peers.conf"
tap_status '-T: an unknown zone beside an access control list of all zones' 1 \
	"$dnsd" -T -c "$dir/peers.conf"
tap_like 'is named' 'transfer.allow, row 1 .*no such zone is served' "$tap_output"
printf '%s\n' "dnsd.zones = {\"a.test=transfer:$dir/a\"}" >"$dir/peers.conf"
tap_status '-T: a zone that comes from nobody' 1 "$dnsd" -T -c "$dir/peers.conf"
tap_like 'with the remedy' 'a.test comes by transfer, but no primary.*transfer.primaries' "$tap_output"
tap_status 'nor does it start' 1 timeout 10 "$dnsd" --listen "127.0.0.1@$port" -c "$dir/peers.conf"
if [ "$(id -u)" = 0 ]; then
	install -m 600 /dev/null "$dir/keys"
	printf '%s\n' 'transfer.keys = "'"$dir/keys"'"' 'transfer.primaries = {"a.test 127.0.0.9@9"}' \
		"dnsd.listen = {\"127.0.0.1@$((port + 1))\"}" >>"$dir/peers.conf"
	chmod 644 "$dir/peers.conf"
	tap_status 'keys that it may not read' 1 setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$dnsd" -T -c "$dir/peers.conf"
	tap_like 'option, file, user, remedy' \
		"transfer.keys: $dir/keys: .*Permission denied; user nobody .* the right to read it" \
		"$tap_output"
fi

# --- freshness --------------------------------------------------------------------------------------

cat >"$dir/orbl.conf" <<CONF
dnsd.zones = {"old.test=rbldnsd:ip4set:$dir/four", "new.test=rbldnsd:ip4set:$dir/trie",
	"list.test=snapshot:$dir/list"}
dnsd.control_socket = "$dir/sock"
dnsd.max_age = 1h
dnsd.check_interval = 1
dnsd.workers = 1
dnsd.version = ""
zone.policy = "https://list.test/policy"
rbldnsd.ttl = 77
log.level = "info"
CONF
printf '192.0.2.99 relay\n198.51.100.0/24 relay\n203.0.113.7 suspect\n' >"$dir/lines"
"$make_snapshot" "$dir/list" list.test 41 <"$dir/lines"
touch -d '61 minutes ago' "$dir/four"
sed -i '/TTL/d' "$dir/trie"
dnsd_start -c "$dir/orbl.conf"
tap_asked 'data that are too old: SERVFAIL' 'SERVFAIL - 0 0' 1.2.0.192.old.test A
tap_like 'with an extended error' 'EDE: 24' "$(ask 1.2.0.192.old.test A)"
tap_is 'as status says' 'too old' "$(control status | jq -r '.zones[0].state')"
tap_is 'others are served' 127.0.0.4 "$(ask_short 1.2.0.192.new.test A)"
tap_is 'with the TTL of the option' 77 "$(ask 1.2.0.192.new.test A +noall +answer | awk '{ print $2 }')"
tap_asked 'the version is hidden' 'REFUSED - 0 0' version.bind 'CH TXT'
touch "$dir/four"
is_listed() { # NAME
	[ -n "$(ask_short "$1" A)" ]
}
tap_ok 'until they are fresh' wait_until 60 is_listed 1.2.0.192.old.test
touch -d '61 minutes ago' "$dir/four"
tap_ok 'and old again' wait_until 60 eval '! is_listed 1.2.0.192.old.test'

# --- deltas ----------------------------------------------------------------------------------------

dnsd_stop TERM
sed -i '/max_age/d' "$dir/orbl.conf"
dnsd_start -c "$dir/orbl.conf"
soa_serial() {
	ask_short list.test SOA | cut -d' ' -f3
}
tap_is 'the base alone' 41 "$(soa_serial)"
printf '@ 192.0.2.99 -\n@ 198.51.100.7 -\n@ 203.0.113.200 2\nsuspects 203.0.113.201 4\n' |
	"$make_delta" "$dir/list.delta" "$dir/list" 42
tap_like 'a delta by reload' '"ok":true' "$(control reload | grep -o '"ok":true')"
tap_is 'the serial is its own' 42 "$(soa_serial)"
tap_asked 'what it removes' 'NXDOMAIN aa 0 1' 99.2.0.192.list.test A
tap_asked 'within a prefix' 'NXDOMAIN aa 0 1' 7.100.51.198.list.test A
tap_is 'beside it' 127.0.0.2 "$(ask_short 8.100.51.198.list.test A)"
tap_is 'what it adds' 127.0.0.2 "$(ask_short 200.113.0.203.list.test A)"
tap_is 'to a subzone' 127.0.0.4 "$(ask_short 201.113.0.203.suspects.list.test A)"
tap_is 'the base of a subzone stays' 127.0.0.4 "$(ask_short 7.113.0.203.suspects.list.test A)"
tap_like '_status counts with it' 'serial=42 .* listed=' "$(ask_short _status.list.test TXT)"
tap_is 'status has both serials' '42 41 42 4' "$(control status | jq -r \
	'.zones[2].sources[0] | "\(.serial) \(.base_serial) \(.delta_serial) \(.delta_entries)"')"

serial_is() {
	[ "$(soa_serial)" = "$1" ]
}
printf '@ 203.0.113.200 2\n' | "$make_delta" "$dir/list.delta" "$dir/list" 43
tap_ok 'a new delta is found by itself' wait_until 60 serial_is 43
tap_is 'what it no longer removes is there' 127.0.0.2 "$(ask_short 99.2.0.192.list.test A)"

size=$(stat -c %s "$dir/list.delta")
head -c $((size / 2)) "$dir/list.delta" >"$dir/cut" && mv "$dir/cut" "$dir/list.delta"
reload
tap_like 'a cut delta is an error' 'list.delta' "$(head -1 "$dir/reload")"
tap_is 'and the one before stays' 43 "$(soa_serial)"
tap_is 'as status says' 'old data' "$(control status | jq -r '.zones[2].state')"
tap_is 'the log says it once' 1 "$(sleep 2.5; grep -c 'list.delta' "$dir/log")"

cp "$dir/list" "$dir/other"
"$make_snapshot" "$dir/other" list.test 44 <"$dir/lines"
printf '@ 203.0.113.200 2\n' | "$make_delta" "$dir/list.delta" "$dir/other" 45
reload
tap_like 'a delta of another list is an error' 'delta is one of another snapshot' \
	"$(head -1 "$dir/reload")"
tap_is 'and the one before stays, too' 43 "$(soa_serial)"
mv "$dir/other" "$dir/list"
reload
tap_is 'with its base it is served' 45 "$(soa_serial)"
printf '192.0.2.99 relay\n' | "$make_snapshot" "$dir/list" list.test 46
reload
tap_is 'a new list is served without the old delta' 46 "$(soa_serial)"
tap_is 'silently' serving "$(control status | jq -r '.zones[2].state')"
tap_asked 'of which nothing is left' 'NXDOMAIN aa 0 1' 200.113.0.203.list.test A
rm "$dir/list.delta"
dnsd_stop TERM
tap_is 'a clean end with deltas' 0 "$dnsd_status"

# --- what cannot be started ----------------------------------------------------------------------------

printf 'short\n' >"$dir/secret"
printf 'dnsd.cookie_secret = "%s"\n' "$dir/secret" >>"$dir/orbl.conf"
tap_status 'a bad cookie secret' 1 timeout 10 "$dnsd" --listen "127.0.0.1@$port" -c "$dir/orbl.conf"
tap_like 'is named' "$dir/secret" "$tap_output"
tap_status 'two access control lists of a zone' 1 timeout 10 "$dnsd" --listen "127.0.0.1@$port" \
	"a.test:acl:$dir/acl" "a.test:acl:$dir/acl.all"
tap_like 'with the remedy' 'rbldnsd:acl:FILE,FILE' "$tap_output"
tap_done

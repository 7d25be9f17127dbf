#!/bin/bash
# dump.sh - the zones as files: rbldnsd with them, and BIND and NSD, answer as orbl-dnsd does; and
# the files are replaced whole, or left as they are. Settable: ORBL_ORACLE_SEED.
. "${top_srcdir:?}/tests/system/dnsd_lib.sh"

oracle=$top_builddir/tests/system/rbldnsd_oracle
ask_all=$top_builddir/tests/tools/ask_all
rbldnsd=$(command -v rbldnsd || echo /usr/sbin/rbldnsd)
checkzone=$(command -v named-checkzone || echo /usr/sbin/named-checkzone)
nsd=$(command -v nsd || echo /usr/sbin/nsd)
questions=100000
! "$dnsd" -V | grep -q 'sanitizers *yes' || questions=30000
for program in "$rbldnsd" "$checkzone" "$nsd"; do
	[ -x "$program" ] || tap_bail "no $program here: ./bootstrap deps installs it"
done
zones='bl.test relays.bl.test suspects.bl.test outputs.bl.test untestable.bl.test bouncers.bl.test
	all.bl.test'
list=$dir/list.snapshot
out=$dir/out
source=bl.test=snapshot:$list
mkdir "$out" "$dir/bind" "$dir/nsd"
chmod 755 "$dir"

# --- a list, and a delta over it -------------------------------------------------------------------

hosts() { # FIRST CATEGORY: every third address
	awk -v first="$1" -v category="$2" 'BEGIN {
		for (i = 0; i < 300; i++)
			printf "10.1.%d.%d %s\n", first + int(i / 80), 3 * (i % 80) + 1, category
	}'
}

{
	hosts 1 relay
	hosts 3 relay-output
	printf '%s\n' '198.51.100.0/24 relay-input' '203.0.113.16/28 relay' '203.0.113.32/29 bouncer' \
		'192.0.2.1 relay' '192.0.2.2 suspect' '192.0.2.9 suspect 2' '198.51.101.0/24 suspect' \
		'172.16.0.0/20 relay' '127.0.0.0/30 relay-input' '2001:db8::/64 relay' \
		'2001:db8:1::/48 relay-input' '2001:db8:5::/57 relay' '2001:db8:6::1 relay' \
		'2001:db8:6::1 suspect' '::/100 untestable'
} | "$make_snapshot" "$list" bl.test 100 || tap_bail 'no snapshot'
printf '%s\n' '@ 10.1.1.1 -' '@ 10.1.1.2 2' '@ 172.16.3.0/24 -' '@ 172.16.4.9 3' \
	'relays 172.16.0.0/20 -' '@ 2001:db8:5::/64 -' '@ 2001:db8:7::/64 2' |
	"$make_delta" "$list.delta" "$list" 101 || tap_bail 'no delta'

# The ranges above, and their edges.
points() {
	{ hosts 1 x; hosts 3 x; } | awk '{ print "4", $1, $1 }'
	cat <<-'POINTS'
		4 198.51.100.0 198.51.101.255
		4 203.0.113.16 203.0.113.31
		4 203.0.113.32 203.0.113.39
		4 192.0.2.1 192.0.2.1
		4 192.0.2.2 192.0.2.2
		4 192.0.2.9 192.0.2.9
		4 172.16.0.0 172.16.15.255
		4 172.16.3.0 172.16.4.9
		4 10.1.1.2 10.1.1.2
		4 127.0.0.0 127.0.0.8
		6 20010db8000000000000000000000000 20010db800000000ffffffffffffffff
		6 20010db8000100000000000000000000 20010db80001ffffffffffffffffffff
		6 20010db8000500000000000000000000 20010db80005007fffffffffffffffff
		6 20010db8000500000000000000000000 20010db800050000ffffffffffffffff
		6 20010db8000600000000000000000001 20010db8000600000000000000000001
		6 20010db8000700000000000000000000 20010db800070000ffffffffffffffff
		6 00000000000000000000000000000000 0000000000000000000000000fffffff
	POINTS
}

dump() { # FORM OPTION...
	local form=$1
	shift
	"$dnsd" --dump "$form" --output "$out" --zone "$source" "$@" >"$dir/dump.log" 2>&1
}

stamps() {
	find "$out" -type f -printf '%f %i %T@ %C@ %s\n' | LC_ALL=C sort
}

printf '%s\n' 'dnsd.udp_size = 4096' 'dnsd.amplification = 0' 'dnsd.control_socket = ""' >"$dir/conf"
dnsd_start --workers 1 --zone "$source" -c "$dir/conf"

# --- the form of rbldnsd ------------------------------------------------------------------------------

tap_ok 'the form of rbldnsd' dump rbldnsd
tap_is 'a file for each zone' "$(printf '%s.rbldnsd\n' $zones | LC_ALL=C sort)" \
	"$(cd "$out" && LC_ALL=C ls)"
tap_is 'an address is a line, without a text of its own' 600 \
	"$(grep -cE '^10\.1\.[0-9.]+$' "$out/all.bl.test.rbldnsd")"
chmod a+rX "$out" "$out"/*

rbldnsd_is_settled() {
	grep -q 'zones reloaded' "$dir/log.rbldnsd" || ! kill -0 "$rbldnsd_pid" 2>/dev/null
}

# With what the head of each file says.
rbldnsd_start() {
	local specs=() user=() tries=20 file
	for file in "$out"/*.rbldnsd; do
		specs+=("$(sed -n "2s#^. \\(.*:combined:\\)#\\1$out/#p" "$file")")
	done
	[ "$(id -u)" != 0 ] || user=(-u nobody)
	while [ $((tries -= 1)) -gt 0 ]; do
		rbldnsd_port=$((20000 + RANDOM % 12000))
		"$rbldnsd" -n -q -a -c 1 "${user[@]}" -b "127.0.0.1/$rbldnsd_port" "${specs[@]}" \
			>"$dir/log.rbldnsd" 2>&1 &
		rbldnsd_pid=$!
		other_pids+=" $rbldnsd_pid"
		wait_until 20 rbldnsd_is_settled
		kill -0 "$rbldnsd_pid" 2>/dev/null && return
	done
	tap_note "$(cat "$dir/log.rbldnsd")"
	tap_bail 'rbldnsd does not start'
}

rbldnsd_start
tap_is 'rbldnsd finds nothing wrong with them' '' "$(grep -iE 'error|invalid|warn|bad|ignor|unrec' \
	"$dir/log.rbldnsd" | grep -v glue)"
for zone in $zones; do
	printf 'zone %s combined -sn 101 -\n' "$zone"
	points
done >"$dir/plan"
"$oracle" --dump "$dir/plan" "$questions" "${ORBL_ORACLE_SEED:-1}" "$rbldnsd_port" "$port" \
	"$rbldnsd_port" >"$dir/compared"
tap_is 'rbldnsd answers the same, but for what is documented' 'ok 1' \
	"$(sed -n 's/^\(\(not \)\?ok 1\) .*/\1/p' "$dir/compared")"
tap_note "$(cat "$dir/compared")"

# All that is listed, its neighbours, TXT, what is built in.
points | awk -v zones="$zones" '
	function ask(a, b, c, d) {
		for (z = 1; z <= n; z++)
			for (t = 1; t <= 2; t++)
				printf "%d.%d.%d.%d.%s %s\n", d, c, b, a, zone[z], t == 1 ? "A" : "TXT"
	}
	BEGIN { n = split(zones, zone, " ") }
	$1 == 4 {
		split($2, low, "."); split($3, high, ".")
		ask(low[1], low[2], low[3], low[4])
		ask(high[1], high[2], high[3], high[4])
		if (high[4] < 255) ask(high[1], high[2], high[3], high[4] + 1)
		if (low[4] > 0) ask(low[1], low[2], low[3], low[4] - 1)
	}' | sort -u >"$dir/questions"
for zone in $zones; do
	for label in 1 2 3 4 5 6 7 8; do
		printf '%s.0.0.127.%s A\n%s.0.0.127.%s TXT\n' $label "$zone" $label "$zone"
	done
	printf '_status.%s TXT\n_codes.%s TXT\n%s NS\n%s SOA\n' "$zone" "$zone" "$zone" "$zone"
done >>"$dir/questions"
tap_ok '... thousands of questions' [ "$(wc -l <"$dir/questions")" -gt 15000 ]

tap_same() { # TEST ADDRESS@PORT
	"$ask_all" "127.0.0.1@$port" <"$dir/questions" >"$dir/ours"
	"$ask_all" "$2" <"$dir/questions" >"$dir/theirs"
	diff "$dir/ours" "$dir/theirs" >"$dir/difference"
	tap_is "$1" "$(wc -l <"$dir/questions") answers, 0 differences, 0 timeouts" \
		"$(wc -l <"$dir/ours") answers, $(grep -c '^<' "$dir/difference") differences, $(
			grep -c timeout "$dir/ours") timeouts"
	[ ! -s "$dir/difference" ] || tap_note "$(head -20 "$dir/difference")"
}

tap_same '... to rbldnsd and orbl-dnsd, the same answers' "127.0.0.1@$rbldnsd_port"
tap_ok '... thousands of which are positive' [ "$(awk '$3 == 0 && NF > 4' "$dir/ours" | wc -l)" -gt 2500 ]

# --- what has not changed is left alone --------------------------------------------------------------------

before=$(stamps)
tap_ok 'a second dump' dump rbldnsd
tap_is '... leaves each file untouched' "$before" "$(stamps)"
echo x >>"$out/bl.test.rbldnsd"
tap_ok 'a file that somebody wrote into' dump rbldnsd
tap_is '... is put right, and no other is touched' "$(grep -v '^bl.test' <<<"$before")" \
	"$(stamps | grep -v '^bl.test')"
tap_is '... as it was' "$(awk '/^bl.test/ { print $5 }' <<<"$before")" "$(stamps | awk '/^bl.test/ { print $5 }')"
tap_ok '... and no other files are left' [ "$(LC_ALL=C ls "$out" | wc -l)" = 7 ]
cp "$out/bl.test.rbldnsd" "$out/gone.test.rbldnsd"
tap_ok 'a file of a zone that is gone' dump rbldnsd
tap_like '... is named' 'gone.test.rbldnsd: is of no zone' "$(cat "$dir/dump.log")"
tap_ok '... and stays' rm "$out/gone.test.rbldnsd"
tap_ok 'one zone alone' dump rbldnsd BL.test.
tap_status 'a zone that there is not' 1 dump rbldnsd nobl.test
tap_like '... is named' 'zone nobl.test: not dumped: no zone has this name' "$(cat "$dir/dump.log")"

# A mirror that hears of nothing any more.
tap_like 'the file says when a mirror is to stop' '^\$TIMESTAMP 20[0-9:]+ 20[0-9:]+$' \
	"$(grep TIMESTAMP "$out/bl.test.rbldnsd")"
sed -i 's/^\(\$TIMESTAMP [^ ]*\) .*/\1 +1s/' "$out/bouncers.bl.test.rbldnsd"
rcode_of_mirror() {
	dig +norecurse +tries=1 +time=2 @127.0.0.1 -p "$rbldnsd_port" 2.0.0.127.bouncers.bl.test A |
		sed -n 's/.*status: \([A-Z]*\).*/\1/p'
}
mirror_has_stopped() { [ "$(rcode_of_mirror)" = SERVFAIL ]; }
tap_ok '... after which rbldnsd answers SERVFAIL' wait_until 20 mirror_has_stopped

# --- the form of BIND ------------------------------------------------------------------------------------------

tap_ok 'the form of BIND' dump bind
check() { # ZONE FILE
	"$checkzone" -k fail -r fail -T warn "$1" "$2" 2>&1 | sed 's/zone .*: loaded serial.*/loaded/'
}
for zone in ${zones#bl.test }; do
	tap_is "named-checkzone takes $zone" $'loaded\nOK' "$(check "$zone" "$out/$zone.zone")"
done
tap_like 'a server in the zone wants an address there' "NS 'ns1.bl.test' has no address records" \
	"$(check bl.test "$out/bl.test.zone")"
printf 'ns1 A 192.0.2.53\nns1 AAAA 2001:db8::53\n' >"$dir/ns"
tap_ok '... which a second source can have' "$dnsd" --dump bind --output "$dir/bind" \
	--zone "$source" --zone "bl.test=rbldnsd:generic:$dir/ns" bl.test
tap_is '... and named-checkzone takes it' $'loaded\nOK' "$(check bl.test "$dir/bind/bl.test.zone")"
tap_ok '... in the form of rbldnsd too' "$dnsd" --dump rbldnsd --output "$dir/bind" \
	--zone "$source" --zone "bl.test=rbldnsd:generic:$dir/ns" bl.test
tap_is '... whose head names both' "# bl.test:combined:bl.test.rbldnsd bl.test:generic:$dir/ns" \
	"$(sed -n 2p "$dir/bind/bl.test.rbldnsd")"
"$dnsd" -d --zone "$source" bl.test >"$dir/stream" 2>"$dir/stream.log"
tap_is '-d writes it to standard output' '' "$(diff "$dir/stream" "$out/bl.test.zone")$(cat "$dir/stream.log")"
{
	printf 'server:\n server-count: 1\n username: ""\n zonesdir: "%s"\n xfrdfile: ""\n' "$out"
	printf ' ip-address: 127.0.0.1@%s\n zonelistfile: "%s/nsd/list"\n xfrdir: "%s/nsd"\n' \
		"$((nsd_port = 26000 + RANDOM % 6000))" "$dir" "$dir"
	printf ' database: ""\n pidfile: ""\n rrl-ratelimit: 0\nremote-control:\n control-enable: no\n'
	for zone in $zones; do
		printf 'zone:\n name: %s\n zonefile: %s.zone\n provide-xfr: 127.0.0.1 NOKEY\n' "$zone" "$zone"
	done
} >"$dir/nsd/nsd.conf"
"$nsd" -d -c "$dir/nsd/nsd.conf" >"$dir/nsd/log" 2>&1 &
other_pids+=" $!"
nsd_answers() {
	dig +norecurse +tries=1 +time=1 @127.0.0.1 -p "$nsd_port" all.bl.test SOA | grep -q NOERROR
}
wait_until 20 nsd_answers
tap_same 'NSD with these files answers the same' "127.0.0.1@$nsd_port"

axfr() { # PORT ZONE
	dig +onesoa +tries=1 +time=5 @127.0.0.1 -p "$1" "$2" AXFR | grep -v '^;' | sed 's/[[:space:]]\+/ /g' |
		LC_ALL=C sort
}
dnsd_stop
echo 'transfer.allow = {"* 127.0.0.1"}' >>"$dir/conf"
dnsd_start --workers 1 --zone "$source" -c "$dir/conf"
for zone in bl.test all.bl.test; do
	axfr "$port" "$zone" >"$dir/axfr.ours"
	axfr "$nsd_port" "$zone" >"$dir/axfr.nsd"
	tap_diff "a transfer of $zone from NSD is one from us" "$dir/axfr.ours" "$dir/axfr.nsd"
	tap_ok '... which has many records' [ "$(wc -l <"$dir/axfr.ours")" -gt 600 ]
done
before=$(stamps)
tap_ok 'a second dump' dump bind
tap_is '... leaves each file untouched' "$before" "$(stamps)"

# --- zones that cannot be dumped ------------------------------------------------------------------------------

printf '192.0.2.1\n' >"$dir/set"
more=(--zone "no.test=snapshot:$dir/no" --zone "set.test=rbldnsd:ip4set:$dir/set")
tap_status 'a zone without data' 1 dump rbldnsd "${more[@]}"
tap_like '... is named' 'zone no.test: not dumped: its data are not loaded' "$(cat "$dir/dump.log")"
tap_like 'a data set of rbldnsd is its own dump' \
	"zone set.test: made of data sets of rbldnsd, .*: rbldnsd set.test:ip4set:$dir/set" \
	"$(cat "$dir/dump.log")"
tap_status '... and has no file' 1 [ -e "$out/set.test.rbldnsd" ]
tap_ok '... of which the status does not tell' dump rbldnsd "${more[@]:2}"
"$dnsd" --dump bind --output "$out" "${more[@]:2}" --zone "$source" 2>"$dir/dump.log"
tap_like 'as BIND it is a file' '^1.2.0.192	A 127.0.0.2$' "$(cat "$out/set.test.zone")"
cp "$list" "$dir/old.snapshot" # without the delta, which is new
printf 'dnsd.zones = {"bl.test=snapshot:%s"}\ndnsd.max_age = "1d"\ntransfer.expand = 10\n' \
	"$dir/old.snapshot" >"$dir/old.conf"
tap_status 'data that are too old' 1 "$dnsd" -c "$dir/old.conf" --dump bind --output "$out"
tap_like '... are named' 'zone bl.test: not dumped: its data are too old' "$tap_output"
sed -i '/max_age/d' "$dir/old.conf"
tap_status 'networks beyond transfer.expand' 1 "$dnsd" -c "$dir/old.conf" --dump bind --output "$out"
tap_like '... are named' 'zone bl.test: not dumped: .*transfer.expand' "$tap_output"
tap_status 'a form that there is not' 2 "$dnsd" --dump djb
tap_status '--output without --dump' 2 "$dnsd" --output "$out"
tap_status 'a folder that there is not' 1 "$dnsd" --dump bind --output "$dir/none" --zone "$source"
(
	exec 9<"$out/.orbl-dump.lock"
	flock -x 9
	exec sleep 30
) &
locker=$!
other_pids+=" $locker"
folder_is_locked() { ! flock -n "$out/.orbl-dump.lock" true; }
wait_until 10 folder_is_locked
tap_status 'two at once' 1 dump bind
tap_like '... are told' 'another dump writes there' "$(cat "$dir/dump.log")"
kill "$locker"
wait "$locker" 2>/dev/null
tap_is '... by nobody but who dumps' 600 "$(stat -c %a "$out/.orbl-dump.lock")"
tap_status 'who may only read the folder locks nobody out' 0 flock -s "$out" \
	"$dnsd" --dump rbldnsd --output "$out" --zone "$source"

# --- death, and a full disk ---------------------------------------------------------------------------------------

folder_is_free() { flock -n "$out/.orbl-dump.lock" true; }
wait_until 40 folder_is_free
before=$(cat "$out"/*.rbldnsd | md5sum)
awk 'BEGIN { for (i = 0; i < 400000; i++) printf "10.%d.%d.%d relay\n", i / 65536, i / 256 % 256, i % 256 }' |
	awk 'NR % 2' | "$make_snapshot" "$list" bl.test 200 || tap_bail 'no snapshot'
rm "$list.delta"
# At the moment the new file is there, not yet in place.
for try in 1 2 3 4 5 6 7 8; do
	"$dnsd" --dump rbldnsd --output "$out" --zone "$source" bl.test 2>/dev/null &
	pid=$!
	while kill -0 $pid 2>/dev/null && [ ! -e "$out/bl.test.rbldnsd.new" ]; do :; done
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ ! -e "$out/bl.test.rbldnsd.new" ] || break
	tap_note "try $try: it was done before it could be killed"
	cp "$out/relays.bl.test.rbldnsd" "$out/bl.test.rbldnsd"
	before=$(cat "$out"/*.rbldnsd | md5sum)
done
tap_ok 'killed while it writes' [ -e "$out/bl.test.rbldnsd.new" ]
tap_is '... the old file is whole' "$before" "$(cat "$out"/*.rbldnsd | md5sum)"
(
	ulimit -f 100 # in blocks of 1024
	trap '' XFSZ
	dump rbldnsd bl.test
)
tap_is 'a file that cannot be written' 1 $?
tap_like '... is an error that names it' "zone bl.test: not dumped: $out/bl.test.rbldnsd: cannot write" \
	"$(cat "$dir/dump.log")"
tap_is '... the old one is whole' "$before" "$(cat "$out"/*.rbldnsd | md5sum)"
tap_status '... and nothing else is left' 1 [ -e "$out/bl.test.rbldnsd.new" ]
tap_ok 'the next one' dump rbldnsd bl.test
tap_is '... has all' 200000 "$(grep -cE '^10\.[0-9.]+$' "$out/bl.test.rbldnsd")"
if [ -w /dev/full ]; then
	"$dnsd" -d --zone "$source" >/dev/full 2>"$dir/dump.log"
	tap_is 'standard output on a full disk' 1 $?
	tap_like '... is told' 'standard output: cannot write: No space left' "$(cat "$dir/dump.log")"
fi
tap_done

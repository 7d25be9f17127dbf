#!/bin/bash
# restore.sh - a store that comes from a backup does not bring back what was removed since: by the
# records in audit.file, by the serial of the published list, and by --restored. Nor does a log that
# was changed get another signature.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/orbl_lab.sh"

orbl_begin 'probe.interval = 0' 'probe.per_minute = 1000' 'delist.requests_per_day = 1000'
hosts='127.0.11.1 127.0.11.2 127.0.11.3'
for host in $hosts; do printf 'relay_flags = absent\n' >"$orbl_dir/$host.policy"; done
orbl_spawn host "$top_builddir/tests/tools/relay_host" \
	--smarthost "127.0.0.1:$orbl_collector_port" --port "$orbl_probe_port" \
	"127.0.11.1=$orbl_dir/127.0.11.1.policy" "127.0.11.2=$orbl_dir/127.0.11.2.policy" \
	"127.0.11.3=$orbl_dir/127.0.11.3.policy"
orbl_wait 10 grep -q '^ready' "$orbl_dir/host.log" || tap_bail 'relay_host does not start'

is_listed() { orbl check "$1" >/dev/null 2>&1; [ $? = 1 ]; }
is_not_listed() { orbl check "$1" >/dev/null 2>&1; }
dns() { orbl_dig "${1##*.}.11.0.127.dnsbl.test" A; }
dns_is() { [ "$(dns "$1")" = "$2" ]; }
sql() { sqlite3 "$orbl_dir/orbl.db" "$1"; }
close_host() {
	printf 'relay_flags = 0\n' >"$orbl_dir/$1.policy"
	kill -HUP "${orbl_pids[host]}"
	sleep 0.1
}
back_up() { # as orbl-analyzer(8) says
	sqlite3 "$orbl_dir/orbl.db" ".backup '$orbl_dir/backup.db'"
}
restore() {
	rm -f "$orbl_dir/orbl.db-wal" "$orbl_dir/orbl.db-shm"
	cp "$orbl_dir/backup.db" "$orbl_dir/orbl.db"
}
serial() { orbl status --json | jq .serial; }

orbl_start_analyzer
orbl_start_dnsd
for host in $hosts; do
	for reporter in mx1 mx2; do
		orbl_denial "$host" $reporter >"$orbl_dir/log"
		orbl submit --reporter $reporter "$orbl_dir/log" >/dev/null
	done
done
for host in $hosts; do
	tap_ok "$host is listed" orbl_wait 30 is_listed "$host"
	tap_ok "$host is in DNS" orbl_wait 10 dns_is "$host" 127.0.0.2
done

# One is delisted on request, one exempted by the operator, after the backup.
back_up
close_host 127.0.11.1
tap_ok '127.0.11.1 is delisted' orbl delist 127.0.11.1
tap_ok '127.0.11.2 is exempted' orbl operator exempt 127.0.11.2 --reason 'a test'
for host in 127.0.11.1 127.0.11.2; do
	tap_ok "$host is gone from DNS" orbl_wait 10 dns_is "$host" ''
done
before=$(serial)
orbl_stop analyzer
restore
tap_is 'the backup has all three' 3 "$(sql 'SELECT count(*) FROM listing')"
orbl_start_analyzer
tap_is 'of which one is left' '127.0.11.3' "$(sql 'SELECT prefix FROM listing')"
for host in 127.0.11.1 127.0.11.2; do
	tap_ok "$host is not listed" is_not_listed "$host"
	tap_ok "$host is not in DNS" dns_is "$host" ''
done
tap_ok 'the third still is' dns_is 127.0.11.3 127.0.0.2
tap_ok 'the serial goes on' test "$(serial)" -gt "$before"
tap_like 'it is said in the log' 'it comes from a backup' "$(cat "$orbl_dir/analyzer.log")"
tap_like 'and in the audit log' '"action":"restored"' "$(orbl audit export)"
tap_ok 'which is whole' orbl audit verify
tap_ok 'as is its copy' orbl audit verify --key "$(orbl audit key)" "$orbl_dir/audit.jsonl"
tap_like 'the exemption holds' '127.0.11.2' "$(orbl operator show)"

# A copy of the audit log that is gone, too: the published list tells that something is missing.
back_up
close_host 127.0.11.3
tap_ok '127.0.11.3 is delisted' orbl delist 127.0.11.3
tap_ok 'and gone from DNS' orbl_wait 10 dns_is 127.0.11.3 ''
orbl_stop analyzer
restore
rm "$orbl_dir/audit.jsonl"
orbl_start_analyzer
tap_ok 'nothing is believed' is_not_listed 127.0.11.3
tap_ok 'nor in DNS' dns_is 127.0.11.3 ''
tap_like 'it is said why' 'which the store has not given' "$(cat "$orbl_dir/analyzer.log")"

# Nothing beside the store is left. Who restores it says so; what is still open is found again.
printf 'relay_flags = absent\n' >"$orbl_dir/127.0.11.3.policy"
kill -HUP "${orbl_pids[host]}"
orbl_stop analyzer
orbl_stop dnsd
restore
rm -f "$orbl_dir"/audit.jsonl "$orbl_dir"/orbl.snapshot*
orbl_start analyzer "$top_builddir/orbl-analyzer" -c "$orbl_dir/orbl.conf" --restored
tap_like 'every listing ends' 'until they are found true again' "$(cat "$orbl_dir/analyzer.log")"
tap_is 'with a record' 1 "$(orbl audit export | grep -c '"action":"restored".*the store is restored')"
orbl_start_dnsd
tap_ok 'what is open is found again' orbl_wait 30 dns_is 127.0.11.3 127.0.0.2
tap_ok 'what is not stays away' dns_is 127.0.11.1 ''

# What is no listing: a lock, and the end of the list. The key is lost, too; the copy of the log is
# signed with one that the store knows.
back_up
tap_ok '127.0.11.3 is locked' orbl operator lock 127.0.11.3 --reason 'a test'
tap_ok 'the end is announced' orbl zone retire --stage announce --reason 'a test'
tap_ok 'and come' orbl zone retire --stage empty --force --reason 'a test'
tap_ok 'nothing is in DNS' orbl_wait 10 dns_is 127.0.11.3 ''
orbl_stop analyzer
restore
rm "$orbl_dir/audit.key"
orbl_start_analyzer
tap_is 'it is locked' 7 "$(sql "SELECT state FROM host WHERE host = '127.0.11.3'")"
tap_like 'the list is at its end' 'stage *empty' "$(orbl zone show)"
tap_ok 'nothing comes back' dns_is 127.0.11.3 ''
tap_ok 'the log with two keys is whole' orbl audit verify
tap_like 'which is said' 'keys that were in use before' "$(orbl audit verify)"
tap_like 'or what to do' 'another --key' \
	"$(orbl audit verify --key "$(orbl audit key)" "$orbl_dir/audit.jsonl")"

# The copy ends before what was done last.
tap_ok 'the list goes on' orbl zone resume --reason 'a test'
tap_ok '127.0.11.3 is unlocked' orbl operator unlock 127.0.11.3 --reason 'a test'
tap_ok 'it is in DNS' orbl_wait 10 dns_is 127.0.11.3 127.0.0.2
back_up
tap_ok '127.0.11.4 is exempted' orbl operator exempt 127.0.11.4 --reason 'a test'
cp "$orbl_dir/audit.jsonl" "$orbl_dir/between"
close_host 127.0.11.3
tap_ok '127.0.11.3 is delisted' orbl delist 127.0.11.3
tap_ok 'and gone from DNS' orbl_wait 10 dns_is 127.0.11.3 ''
orbl_stop analyzer
restore
cp "$orbl_dir/between" "$orbl_dir/audit.jsonl"
orbl_start_analyzer
tap_ok 'it does not come back' is_not_listed 127.0.11.3
tap_ok 'nor in DNS' dns_is 127.0.11.3 ''
tap_like 'it is said why' 'does not tell all' "$(cat "$orbl_dir/analyzer.log")"

# A log that was changed is not signed anew.
orbl_stop analyzer
sql "UPDATE audit SET hash = NULL, signature = NULL, author = 'bob' WHERE id > 3;
	UPDATE number SET value = 0 WHERE name = 'audit_signed'"
rm "$orbl_dir/audit.jsonl"
said=$(timeout 30 "$top_builddir/orbl-analyzer" -c "$orbl_dir/orbl.conf" 2>&1)
tap_is 'the analyzer does not start' 1 $?
tap_like 'for a record' 'record 4 of the audit log is not chained' "$said"
tap_is 'nothing is signed' 0 "$(sql 'SELECT count(*) FROM audit WHERE id > 3 AND hash IS NOT NULL')"
tap_done

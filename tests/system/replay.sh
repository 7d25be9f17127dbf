#!/bin/bash
# replay.sh - what real daemons have decided is explained, comes out the same when it is decided
# again, and what somebody changes in the store is found.
. "${top_srcdir:?}/tests/tap.sh"
. "$top_srcdir/tests/tools/orbl_lab.sh"

orbl_begin 'score.half_life = 3650d' 'score.max_age = 3650d' 'probe.wait = 1s' \
	'zone.policy = "https://dnsbl.test/policy"'
orbl_start_analyzer
printf 'relay_flags = absent\n' >"$orbl_dir/open.policy"
printf '%s\n' 'relay_flags = 2' 'relay_allow = 192.168.1.0;255.255.255.0' \
	'local_domain = inside.test' >"$orbl_dir/closed.policy"
orbl_spawn hosts "$top_builddir/tests/tools/relay_host" --port "$orbl_probe_port" \
	--smarthost "127.0.0.1:$orbl_collector_port" \
	"127.0.10.1=$orbl_dir/open.policy" "127.0.10.2=$orbl_dir/closed.policy"
orbl_wait 20 grep -q '^ready' "$orbl_dir/hosts.log" || tap_bail 'the hosts did not start'
cd "$top_srcdir/tests/samples" || exit
for reporter in mx1 mx2; do
	tap_ok "$reporter submits" orbl submit --reporter "$reporter" "$reporter.log"
done
verdicts() {
	[ "$(orbl explain --json 127.0.10.1 | jq -r '.probes[0].verdict')" = open ] &&
		[ "$(orbl explain --json 127.0.10.2 | jq -r '.probes[0].verdict')" = closed ]
}
tap_ok 'both hosts are tested' orbl_wait 30 verdicts

# The chain, in its order.
tap_status 'the open one is listed' 1 orbl explain 127.0.10.1
for words in '^127.0.10.1 is listed; state listed since' \
	'^  127.0.10.1 as relay, 127.0.0.2 in relays, since ' \
	'by mx1 .*, the first at mx1.log:[0-9]+$' '^    line hash [0-9a-f]{32}$' \
	'^    mx1: 1 fact, 3 denials, about 2 domains, 1 day: [0-9.]+ points x 1.25 = .* x trust 100 %' \
	'nominate, probe 1: probe: score [0-9.]+ from 2' 'verdict, probe 1: open: list as relay' \
	'^    P01-plain came back from 127.0.10.1 at ' '^      Subject: relay test of 127.0.10.1' \
	' list 127.0.10.1: relay, probe 1: P01-plain' '^  - Close the relay: P01-plain'; do
	tap_like "explain has $words" "$words" "$tap_output"
done
tap_status 'the closed one is not' 0 orbl explain 127.0.10.2
tap_like 'it is cleared' '^127.0.10.2 is not listed; state cleared since' "$tap_output"

tap_status 'all is decided again as it was' 0 orbl replay --all
tap_like 'all of it' '^[0-9]+ decisions on [0-9]+ facts and [0-9]+ probes made again: all is as it was$' \
	"$tap_output"
tap_status 'a host alone, too' 0 orbl replay 127.0.10.1
orbl_stop analyzer
orbl_start_analyzer
tap_status 'and after a restart' 0 orbl replay --all

change() { # SQL
	python3 - "$orbl_dir/orbl.db" "$1" <<-'END'
		import sqlite3
		import sys
		with sqlite3.connect(sys.argv[1], timeout=10) as store:
		    store.execute(sys.argv[2])
	END
}
change "UPDATE evidence SET count = count - 1 WHERE host = '127.0.10.1'"
tap_status 'a log line less is found' 1 orbl replay 127.0.10.1
tap_like 'and named' 'there were 3 denials, there are 2' "$tap_output"
tap_status 'the other host is as it was' 0 orbl replay 127.0.10.2
change "UPDATE probe SET verdict = 'open' WHERE host = '127.0.10.2'"
tap_status 'another verdict is found' 1 orbl replay --all
tap_like 'and named, too' '^127.0.10.2, probe [0-9]+ of .*: verdict was open, is closed$' "$tap_output"

tap_ok 'the policy page is there' orbl policy-page
tap_like 'with the key of the audit log' \
	"^Its key, in hexadecimal, is \`$(orbl audit key | grep -oE '[0-9a-f]{64}' | head -n1)\`" \
	"$tap_output"
tap_like 'and what is configured' 'published at https://dnsbl.test/policy' "$tap_output"
tap_done

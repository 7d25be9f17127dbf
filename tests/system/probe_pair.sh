#!/bin/bash
# Two sources: a host is closed when both found it so, and open when one did.
. "${top_srcdir:?}/tests/tap.sh"
. "$top_srcdir/tests/tools/orbl_lab.sh"

orbl_begin 'probe.source = "127.0.0.2"' 'probe.second_source = "127.0.0.3"' \
	'probe.cases = {P01, P02, P07}' 'probe.wait = 2s'
closed=127.0.40.1 open=127.0.40.2 open_to_first=127.0.40.3 open_to_second=127.0.40.4
orbl_spawn hosts python3 "$top_srcdir/tests/system/probe_queue_hosts.py" "$orbl_probe_port" \
	"127.0.0.1:$orbl_collector_port" "$orbl_dir/hosts.jsonl" "$closed=closed" "$open=open" \
	"$open_to_first=open-to-127.0.0.2" "$open_to_second=open-to-127.0.0.3"
orbl_wait 10 grep -q '^ready' "$orbl_dir/hosts.log" || tap_bail 'the hosts do not start'
orbl_start_analyzer
for reporter in mx1 mx2; do
	for host in "$closed" "$open" "$open_to_first" "$open_to_second"; do
		orbl_denial "$host" "$reporter"
	done >"$orbl_dir/$reporter.log"
	tap_ok "$reporter submits its log" orbl submit --reporter "$reporter" "$orbl_dir/$reporter.log"
done

probes_are_done() { # COUNT
	[ "$(orbl status --json | jq .probes_done)" = "$1" ] && orbl_idle
}

verdicts_of() { # ADDRESS: the newest first, and what both say
	orbl explain --json "$1" |
		jq -r '[.probes[] | .source, .verdict, (.pair_verdict // empty)] | join(" ")'
}

listed() { # ADDRESS
	orbl check --json "$1" | jq -r '[.listings[].category] | join(" ")'
}

tap_ok 'four hosts get six probes' orbl_wait 30 probes_are_done 6
tap_is 'the closed host is closed to both' 'second closed closed first closed' \
	"$(verdicts_of "$closed")"
tap_is 'an open one needs no second opinion' 'first open' "$(verdicts_of "$open")"
tap_is 'nor one that is open to the first' 'first open' "$(verdicts_of "$open_to_first")"
tap_is 'one that is open to the second is open' 'second open open first closed' \
	"$(verdicts_of "$open_to_second")"
tap_is 'and listed' relay "$(listed "$open_to_second")"
tap_is 'the closed one is not' '' "$(listed "$closed")"
tap_like 'explain shows both' 'with probe [0-9]+ from the first source: open' \
	"$(orbl explain "$open_to_second")"

tap_status 'who asks waits for both' 1 orbl delist "$open_to_second"
tap_like 'and hears of the one that counts' 'stays listed: open' "$tap_output"
tap_is 'both were made' 8 "$(orbl status --json | jq .probes_done)"
tap_like 'the request is answered once' 'refused' \
	"$(orbl explain --json "$open_to_second" | jq -r '[.delistings[].state] | join(" ")')"
tap_done

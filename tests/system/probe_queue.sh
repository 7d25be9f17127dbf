#!/bin/bash
# A queue of many hosts while the analyzer and the prober, its child, are killed at random moments:
# no host is lost, none is probed twice, and what was asked is not asked again, but for a form
# whose answer was on its way.
. "${top_srcdir:?}/tests/tap.sh"
. "$top_srcdir/tests/tools/orbl_lab.sh"

kills_max=12
orbl_begin 'probe.sessions = 10' 'probe.per_network = 8' 'probe.wait = 5s' 'log.level = info'
seed=${ORBL_SEED:-$$}
RANDOM=$seed
tap_note "ORBL_SEED=$seed"

hosts=()
for i in {1..28}; do hosts+=("127.0.40.$i=closed"); done
for i in {1..5}; do hosts+=("127.0.41.$i=open"); done
for i in {1..3}; do hosts+=("127.0.42.$i=percent"); done
for i in {1..4}; do hosts+=("127.0.43.$i=hole"); done

: >"$orbl_dir/hosts.jsonl"
: >"$orbl_dir/kills"
orbl_spawn hosts python3 "$top_srcdir/tests/system/probe_queue_hosts.py" "$orbl_probe_port" \
	"127.0.0.1:$orbl_collector_port" "$orbl_dir/hosts.jsonl" "${hosts[@]}"
orbl_wait 10 grep -q '^ready' "$orbl_dir/hosts.log" || tap_bail 'the hosts do not start'
orbl_start_analyzer
for reporter in mx1 mx2; do
	for host in "${hosts[@]}"; do orbl_denial "${host%=*}" "$reporter"; done \
		>"$orbl_dir/$reporter.log"
	tap_ok "$reporter submits its log" orbl submit --reporter "$reporter" "$orbl_dir/$reporter.log"
done

# The prober dies: the analyzer ends, with status 1. Or it is killed itself.
kill_one() {
	local analyzer=${orbl_pids[analyzer]} victim
	victim=$analyzer
	[ $((RANDOM % 2)) = 0 ] || victim=$(pgrep -P "$analyzer" | head -n 1)
	kill -KILL "${victim:-$analyzer}" || return
	date +%s.%N >>"$orbl_dir/kills"
	wait "$analyzer" 2>/dev/null
	unset 'orbl_pids[analyzer]'
}

all_done() {
	[ "$(sqlite3 "$orbl_dir/orbl.db" 'SELECT count(*) FROM probe WHERE finished_s <> 0')" -ge \
		${#hosts[@]} ] && orbl_idle
}

while [ "$(wc -l <"$orbl_dir/kills")" -lt "$kills_max" ] && [ "$SECONDS" -lt 35 ]; do
	sleep "0.$((RANDOM % 8 + 2))"
	all_done && break
	kill_one
	orbl_start_analyzer
done
tap_ok 'all are done in the end' orbl_wait 25 all_done
result=$(python3 "$top_srcdir/tests/system/probe_queue_check.py" "$orbl_dir/orbl.db" \
	"$orbl_dir/hosts.jsonl" "$orbl_dir/kills" "${hosts[@]}") || tap_bail 'no result'
tap_note "$result"
eval "$result"
tap_is 'each has one probe, with the right verdict' '' "$wrong"
tap_is 'none is lost' 0 "$unfinished"
tap_ok 'the killing did begin' [ "$kills" -ge 4 ]
tap_ok 'the catalogue was asked' [ "$forms" -ge 30 ]
tap_is 'of every closed host all of it' '' "$incomplete"
# A kill interrupts at most ten hosts, with at most nine answers on their way each.
tap_ok 'few forms were asked again' [ "$again" -le $((kills * 90)) ]
tap_ok 'none again and again' [ "$most_of_one_form" -le 5 ]
tap_ok 'no host was probed twice' [ "$most_of_one_host" -le $((forms / 2)) ]
tap_ok 'the open ones relayed' [ "$delivered" -ge 8 ]
tap_is 'what was answered with 250 is a proof' '' "$lost"
tap_is 'nothing is left of what was kept for a restart' 0 \
	"$(sqlite3 "$orbl_dir/orbl.db" 'SELECT count(*) FROM probe_event')"
tap_done

#!/bin/bash
# purge.sh - a large purge goes in slices: meanwhile the analyzer answers and takes logs, a second
# purge is refused; interrupted, left alone, or killed with the analyzer, it leaves hosts that are
# purged as a whole or as they were, says so, and the same again takes the rest.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/orbl_lab.sh"

hosts=${PURGE_HOSTS:-30000}

orbl_begin 'score.threshold = 1000' # nobody is probed
sed -i 's/^log.level = .*/log.level = warning/' "$orbl_dir/orbl.conf"
sql() { sqlite3 -cmd '.timeout 5000' "$orbl_dir/orbl.db" "$1"; }
purge() { orbl purge --reporter mx1 --with-proved --reason 'its logs were forged' "$@"; }
start_analyzer() {
	orbl_spawn analyzer "$top_builddir/orbl-analyzer" -c "$orbl_dir/orbl.conf"
	orbl_wait 30 orbl status || tap_bail "$(tail -n 5 "$orbl_dir/analyzer.log")"
}
alarms() { orbl status --json | jq -r '.alarms[] | select(.kind == "purge") | .text'; }

# Hosts that mx1 has named, found open by the probe that this brought about; as many again that
# mx2 has named are none of its business.
fill() {
	sql "BEGIN;
	INSERT INTO reporter (name, since_s) VALUES ('mx1', 1), ('mx2', 1);
	INSERT INTO submission (reporter, file, received_s, committed, lines)
		SELECT id, 'mail.log', unixepoch() - 7200, 1, 1 FROM reporter;
	CREATE TEMP TABLE h AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c
		WHERE i < 2 * $hosts) SELECT i, '11.9.' || (i / 256) || '.' || (i % 256) AS a,
		1 + (i > $hosts) AS reporter FROM c;
	INSERT INTO probe (id, host, cause, queued_s, finished_s, verdict, started_s)
		SELECT i, a, 0, unixepoch() - 7000, unixepoch() - 6000, 'open', 4 FROM h;
	INSERT INTO proof SELECT a, 0, a, i, 4000000000, 'it came back' FROM h;
	INSERT INTO listing (prefix, category, since_s, expires_s, probe, reason)
		SELECT a, 0, unixepoch() - 6000, 4000000000, i, 'it came back' FROM h;
	INSERT INTO host SELECT a, 3, 5, 0, 5, 0 FROM h;
	INSERT INTO nomination SELECT i, reporter, 20 FROM h;
	INSERT INTO evidence (host, hour_s, submission, kind, count, line, raw)
		SELECT a, (unixepoch() / 3600 - 2) * 3600, reporter, 0, 3, i, 'denied' FROM h;
	COMMIT"
}

listed() { sql "SELECT count(*) FROM listing JOIN nomination USING (probe) WHERE reporter = $1"; }
unlisted() { sql "SELECT count(*) FROM audit WHERE action = 'unlist'"; }
# Something has gone, though not all.
has_begun() { [ "$(unlisted)" -gt "${1:-0}" ]; }

# --- what must hold at any moment ------------------------------------------------

# Each host of mx1 is listed and has its evidence and nomination, or has none of them.
check_whole() { # NAME
	tap_is "$1: no host is half purged" 0 "$(sql "SELECT count(*) FROM host h WHERE h.host LIKE '11.9.%' AND (
		(SELECT count(*) FROM listing WHERE prefix = h.host) <>
			(SELECT count(*) FROM evidence v WHERE v.host = h.host)
		OR (SELECT count(*) FROM listing WHERE prefix = h.host) <>
			(SELECT count(*) FROM nomination n JOIN probe p ON p.id = n.probe
			WHERE p.host = h.host))")"
	tap_is "$1: each listing that ended has its records" 0 "$(sql "SELECT count(*) FROM host h
		WHERE h.host LIKE '11.9.%' AND NOT EXISTS
			(SELECT 1 FROM listing WHERE prefix = h.host) AND 2 <>
		(SELECT count(DISTINCT action) FROM audit a WHERE a.host = h.host
			AND action IN ('purge', 'unlist'))")"
	tap_is "$1: the others are untouched" "$hosts" "$(listed 2)"
	tap_ok "$1: the audit log is whole" orbl audit verify --key "$(orbl audit key)"
}

agree() { # what is published is what the store has
	[ "$(orbl list --json | jq -s 'map(select(.published)) | length')" = \
		"$(sql 'SELECT count(*) FROM listing')" ]
}

start_analyzer
orbl_stop analyzer
fill
start_analyzer
orbl publish --force --reason 'a test' >/dev/null
tap_is 'all are listed' "$hosts" "$(listed 1)"

purge --dry-run --json >"$orbl_dir/dry.json" 2>"$orbl_dir/dry.err"
tap_is 'a dry run says what would go' "true $hosts $hosts" \
	"$(jq -r '"\(.dry_run) \(.proved) \(.hosts)"' "$orbl_dir/dry.json")"
tap_is 'one object, and nothing else' "1" "$(cat "$orbl_dir/dry.json" "$orbl_dir/dry.err" | wc -l)"
tap_is 'it changes nothing' "$hosts 0" "$(listed 1) $(unlisted)"

# --- interrupted -----------------------------------------------------------------

# In a shell without job control SIGINT is ignored by what runs in the background.
interruptible() {
	exec python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$top_builddir/orbl" "$@"
}
start_purge() {
	ORBL_CONF=$orbl_dir/orbl.conf interruptible purge --reporter mx1 --with-proved \
		--reason 'its logs were forged' >"$orbl_dir/purge.out" 2>"$orbl_dir/purge.err" &
	client=$!
}

orbl_denial 127.0.11.9 mx3 >"$orbl_dir/mx3.log"
start_purge
orbl_wait 60 has_begun || tap_bail 'it does not begin'
begun=$(date +%s%N)
second=$(purge 2>&1)
tap_is 'a second purge is refused' 1 "$?"
tap_like 'and it is said why' 'a purge of mx1, by [^ ]*, is under way' "$second"
tap_like 'orbl status has it as an alarm' 'under way: its logs were forged' "$(alarms)"
tap_ok 'a log is taken meanwhile' orbl submit --reporter mx3 "$orbl_dir/mx3.log"
tap_note "these three in $((($(date +%s%N) - begun) / 1000000)) ms"
kill -INT "$client"
wait "$client"
tap_is 'the client dies of the interrupt' 130 "$?"
tap_like 'and says how far it was' \
	"broken off at [0-9]* of $hosts hosts; what has gone is gone, the same again takes the rest" \
	"$(cat "$orbl_dir/purge.err")"
is_recorded() { # HOW MANY
	[ "$(sql "SELECT count(*) FROM audit WHERE action = 'purge' AND host = 'mx1'
		AND detail LIKE 'broken off after%its logs were forged'")" = "$1" ]
}
tap_ok 'it is in the audit log' orbl_wait 10 is_recorded 1
tap_is 'no alarm is left' '' "$(alarms)"
gone=$(unlisted)
tap_ok 'a part has gone' test "$gone" -gt 0 -a "$gone" -lt "$hosts"
check_whole interrupted
tap_ok 'it is published' orbl_wait 20 agree

# --- the client is gone -----------------------------------------------------------

ORBL_CONF=$orbl_dir/orbl.conf "$top_builddir/orbl" purge --reporter mx1 --with-proved \
	--reason 'its logs were forged' >"$orbl_dir/purge.out" 2>"$orbl_dir/purge.err" &
client=$!
orbl_wait 60 has_begun "$gone" || tap_bail 'it does not go on'
kill -INT "$client"
sleep 0.3
tap_ok 'an interrupt that is ignored ends nothing' kill -0 "$client"
kill -KILL "$client"
wait "$client" 2>/dev/null
tap_ok 'without its client it is broken off' orbl_wait 10 is_recorded 2
gone=$(unlisted)
check_whole abandoned

# --- the analyzer is killed ----------------------------------------------------------

for delay in 0 0.05; do
	start_purge
	orbl_wait 60 has_begun "$gone" || tap_bail 'it does not go on'
	sleep "$delay"
	orbl_stop analyzer KILL
	wait "$client"
	tap_is 'the client tells of it' 2 "$?"
	start_analyzer
	gone=$(unlisted)
	tap_like 'the next start says that it was broken off' \
		'broken off, as the analyzer ended: .* do it again .*its logs were forged' "$(alarms)"
	tap_ok 'in its log, too' grep -q 'purge of mx1: broken off' "$orbl_dir/analyzer.log"
	check_whole killed
	tap_ok 'what is left is published' orbl_wait 20 agree
done

purge --json >"$orbl_dir/last.json"
tap_is 'the same again takes the rest' "$((hosts - gone))" "$(jq .proved "$orbl_dir/last.json")"
tap_is 'none is left' '0 0' "$(listed 1) $(sql 'SELECT count(*) FROM evidence WHERE submission = 1')"
tap_is 'the alarm has ended' '' "$(alarms)"
check_whole 'at the end'
tap_ok 'and DNS has none' orbl_wait 20 agree
tap_done

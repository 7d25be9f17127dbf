#!/bin/bash
# A systemd journal gives the same read by orbl and printed by journalctl in any form; a cursor goes
# on behind what was read, and new entries come while one waits.
. "${top_srcdir:?}/tests/tap.sh"

orbl=${ORBL:-$top_builddir/orbl}
case $orbl in /*) ;; *) orbl=$PWD/$orbl ;; esac
cat=$top_builddir/tests/tools/journal_cat
remote=/lib/systemd/systemd-journal-remote
work=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$work"' EXIT
export TZ=UTC LC_ALL=C
now=2026-11-21T12:00:00Z

if ! "$orbl" -V | grep -q 'systemd *yes'; then
	tap_status 'without libsystemd: said so' 2 "$orbl" parse --journal
	tap_like 'and how to do without' 'built without libsystemd.*journalctl -o export' "$tap_output"
	tap_done
fi
for program in "$remote" journalctl python3; do
	command -v "$program" >/dev/null || tap_bail "no $program; ./bootstrap deps installs it"
done

entries() { # FIRST COUNT
	python3 "$top_srcdir/tests/system/journal_export.py" "$@"
}

append() { # FIRST COUNT: to the journal
	entries "$@" | "$remote" -o "$work/j/mail.journal" - >/dev/null 2>"$work/remote" ||
		tap_note "$(cat "$work/remote")"
}

parse() { # OPTIONS: denials without the place they stand at
	"$orbl" parse --now "$now" "$@" 2>"$work/errors" |
		sed 's/"file":"[^"]*","line":[0-9]*,//'
}

mkdir "$work/j"
append 0 200
tap_ok 'there is a journal' test -s "$work/j/mail.journal"

# The same in every form
parse --journal="$work/j" >"$work/live"
tap_is 'the journal: denials' 80 "$(wc -l <"$work/live")"
tap_like 'the journal: totals' 'files: 1, lines: 180, denials: 80, hosts: 80,' \
	"$(cat "$work/errors")"
for form in export json; do
	journalctl -D "$work/j" -q -a -o "$form" SYSLOG_FACILITY=2 >"$work/$form"
	parse "$work/$form" >"$work/out"
	tap_diff "journalctl -o $form gives the same denials" "$work/live" "$work/out"
done
parse --journal="$work/j/mail.journal" >"$work/out"
tap_diff 'a file of it gives the same' "$work/live" "$work/out"
"$cat" "$work/j" >"$work/out" 2>/dev/null
grep -av '^__SEQNUM' "$work/export" >"$work/wanted" # of newer versions
tap_ok 'byte by byte what journalctl -o export prints' cmp "$work/wanted" "$work/out"
entries 0 200 >"$work/source"
parse "$work/source" | grep -cv '"ip":"198.51.100.[0-9]*7",' >"$work/out"
tap_is 'the export form it was made of: the same but for one facility' 80 "$(cat "$work/out")"

# Matches
parse --journal="$work/j" _SYSTEMD_UNIT=mail.service >"$work/out"
tap_like 'another match' 'lines: 20, ' "$(cat "$work/errors")"
parse --journal="$work/j" _SYSTEMD_UNIT=mail.service SYSLOG_FACILITY=2 >"$work/out"
tap_like 'two fields: both' 'lines: 0, ' "$(cat "$work/errors")"
parse --journal="$work/j" SYSLOG_FACILITY=3 SYSLOG_FACILITY=2 >"$work/out"
tap_like 'one field twice: either' 'lines: 200, ' "$(cat "$work/errors")"
parse --journal="$work/j" _SYSTEMD_UNIT=mail.service + SYSLOG_FACILITY=2 >"$work/out"
tap_like 'plus: either' 'lines: 200, ' "$(cat "$work/errors")"
tap_status 'no match' 2 "$orbl" parse --journal="$work/j" postfix
tap_like 'no match: told' 'postfix: not a match such as ' "$tap_output"
tap_status 'no such directory' 2 "$orbl" parse --journal="$work/none"
tap_like 'no such directory: told' 'none: cannot open the journal: No such file' "$tap_output"
mkdir "$work/empty"
tap_status 'no journal in it' 2 "$orbl" parse --journal="$work/empty"
tap_like 'no journal in it: told' 'no journal files that you may read' "$tap_output"
echo 'no journal' >"$work/text.journal"
tap_status 'a file that is none' 2 "$orbl" parse --journal="$work/text.journal"

# A cursor
"$cat" "$work/j" >"$work/out" 2>"$work/errors"
cursor=$(tail -n 1 "$work/errors")
"$cat" "$work/j" "$cursor" >"$work/out" 2>/dev/null
tap_is 'nothing behind the last cursor' 0 "$(wc -c <"$work/out")"
middle=$(grep -a -m 91 '^__CURSOR=' "$work/export" | tail -n 1 | cut -d= -f2-)
"$cat" "$work/j" "$middle" 2>/dev/null | grep -ac '^__CURSOR=' >"$work/out"
tap_is 'behind the 91st of 180 there are 89' 89 "$(cat "$work/out")"
append 200 10
"$cat" "$work/j" "$cursor" 2>/dev/null | grep -ac '^__CURSOR=' >"$work/out"
tap_is 'what was added comes behind the cursor' 9 "$(cat "$work/out")"
"$cat" "$work/j" 's=00000000000000000000000000000000;i=5;b=00000000000000000000000000000000;m=0;t=1;x=0' \
	2>/dev/null | grep -ac '^__CURSOR=' >"$work/out"
tap_is 'a cursor whose entry is gone: from the next one' 189 "$(cat "$work/out")"
tap_status 'no cursor' 2 "$cat" "$work/j" nonsense
tap_like 'no cursor: told' 'not a journal.s cursor: nonsense' "$tap_output"

# Waiting: `ready` is said when what there was is printed.
wait_ready() {
	local i
	for i in $(seq 100); do
		! grep -q ready "$work/errors" || return 0
		sleep 0.1
	done
}
"$cat" "$work/j" end 2000 >"$work/out" 2>"$work/errors" &
pid=$!
wait_ready
append 210 10
wait "$pid"
tap_is 'from the end: only what comes' 9 "$(grep -ac '^__CURSOR=' "$work/out")"
mkdir "$work/other"
entries 7 1 | "$remote" -o "$work/other/mail.journal" - >/dev/null 2>&1
: >"$work/errors"
"$cat" "$work/other" end 2000 >"$work/out" 2>"$work/errors" &
pid=$!
wait_ready
kill -STOP "$pid" # all of them are there when it looks again
entries 8 3 | "$remote" -o "$work/other/mail.journal" - >/dev/null 2>&1
kill -CONT "$pid"
wait "$pid"
tap_is 'from the end, nothing matched before: what comes' 3 "$(grep -ac '^__CURSOR=' "$work/out")"

tap_done

#!/bin/bash
# orbl parse: the logs of postfix/ give NAME.expected on standard output and NAME.errors on
# standard error; then the command line, exit statuses and odd files.
. "${top_srcdir:?}/tests/tap.sh"

orbl=${ORBL:-$top_builddir/orbl}
case $orbl in /*) ;; *) orbl=$PWD/$orbl ;; esac
golden=$(cd "$top_srcdir/tests/golden/postfix" && pwd) || tap_bail 'no golden logs'
work=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$work"' EXIT
export TZ=UTC LC_ALL=C
now=2026-11-21T12:00:00Z

parse() { # FILES AND OPTIONS
	(cd "$golden" && "$orbl" parse --now "$now" "$@")
}

for log in "$golden"/*.log; do
	name=$(basename "$log" .log)
	parse "$name.log" >"$work/out" 2>"$work/errors"
	tap_is "$name: exit status" 0 $?
	tap_diff "$name: denials" "$golden/$name.expected" "$work/out"
	tap_diff "$name: totals" "$golden/$name.errors" "$work/errors"
	tap_ok "$name: valid UTF-8" iconv -f UTF-8 -t UTF-8 -o /dev/null "$work/out"
done

# Counting hosts
parse --summary plain.log repeated.log framing.log >"$work/out" 2>"$work/errors"
tap_is 'summary: sorted hosts' "$(printf '198.51.100.7\t59\n198.51.100.8\t1\n2001:db8:bad::7\t1')" \
	"$(cat "$work/out")"
tap_is 'summary in JSON' '{"ip":"198.51.100.8","denials":1}' \
	"$(parse --summary --json plain.log repeated.log framing.log 2>/dev/null | sed -n 2p)"
tap_like 'summary: totals over files' 'files: 3, lines: 76, denials: 61, hosts: 3,' \
	"$(cat "$work/errors")"

# Input
head -n 2 "$golden/plain.log" | parse - >"$work/out" 2>"$work/errors"
tap_is 'standard input: exit status' 0 $?
tap_like 'standard input: file is -' '^\{"file":"-","line":2,' "$(cat "$work/out")"
sed -n 2p "$golden/plain.log" | tr -d '\n' | parse - >"$work/out" 2>/dev/null
tap_is 'no LF at the end: one denial' 1 "$(wc -l <"$work/out")"
long_line() { printf '%0*d\n' "$1" 0; }
{ long_line 200000; sed -n 2p "$golden/plain.log"; long_line 70000; } >"$work/long"
parse - <"$work/long" >"$work/out" 2>"$work/errors"
tap_is 'overlong lines: exit status' 0 $?
tap_like 'overlong lines: passed over' '"line":2,' "$(cat "$work/out")"
tap_like 'overlong lines: told' '^orbl parse: -:3: the line is longer than 65536 bytes$' \
	"$(cat "$work/errors")"

# Time stamps without a zone are local
TZ=Europe/Rome parse plain.log 2>/dev/null | head -n 1 >"$work/out"
if [ -e /usr/share/zoneinfo/Europe/Rome ]; then
	tap_like 'local time' '"time":"2026-11-21T18:00:02\+00:00"' "$(cat "$work/out")"
fi

# Exit statuses
tap_status 'empty input' 0 parse /dev/null
tap_status 'empty lines' 0 parse - <<<$'\n\r\n'
tap_status 'nothing understood' 2 parse - <<<'not a log'
tap_status 'no such file' 2 parse "$work/none" plain.log
tap_like 'no such file: told' 'none: No such file or directory' "$tap_output"
tap_like 'no such file: the others are read' '"file":"plain.log"' "$tap_output"
tap_status 'a directory' 2 parse "$work"
tap_status 'no file given' 2 parse
tap_status 'unknown option' 2 parse --nonsense plain.log
tap_status 'a time that is none' 2 "$orbl" parse --now yesterday "$golden/plain.log"
tap_status 'help' 0 "$orbl" parse --help
for option in --summary --json --now --help; do
	tap_like "help names $option" "$option" "$tap_output"
done
if [ -e /dev/full ]; then
	parse plain.log >/dev/full 2>/dev/null
	tap_is 'output cannot be written' 2 $?
	"$orbl" parse --help >/dev/full 2>/dev/null
	tap_is 'help cannot be written' 2 $?
	"$orbl" --version >/dev/full 2>/dev/null
	tap_is 'version cannot be written' 2 $?
fi
parse plain.log >&- 2>/dev/null
tap_is 'closed standard output' 2 $?
parse - <&- >"$work/out" 2>/dev/null
tap_is 'closed standard input: exit status' 2 $?

tap_done

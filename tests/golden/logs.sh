#!/bin/bash
# orbl parse reads every log of logs/DIALECT/: NAME.log (or .evtx, .xml ...) gives NAME.expected on
# standard output and NAME.errors on standard error. NAME.options has further options, one a line.
. "${top_srcdir:?}/tests/tap.sh"

orbl=${ORBL:-$top_builddir/orbl}
case $orbl in /*) ;; *) orbl=$PWD/$orbl ;; esac
work=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$work"' EXIT
export TZ=UTC LC_ALL=C
now=2026-11-21T12:00:00Z

check_log() { # DIRECTORY FILE NAME
	local options=() name
	name=$(basename "$1")/$3
	[ ! -e "$1/$3.options" ] || mapfile -t options <"$1/$3.options"
	(cd "$1" && "$orbl" parse --now "$now" "${options[@]}" "$2") \
		>"$work/out" 2>"$work/errors"
	tap_is "$name: exit status" 0 $?
	tap_diff "$name: denials" "$1/$3.expected" "$work/out"
	tap_diff "$name: totals" "$1/$3.errors" "$work/errors"
	tap_ok "$name: valid UTF-8" iconv -f UTF-8 -t UTF-8 -o /dev/null "$work/out"
}

logs=0
for expected in "$top_srcdir"/tests/golden/logs/${1:-*}/*.expected; do
	directory=$(cd "$(dirname "$expected")" && pwd) || tap_bail "no $expected"
	name=$(basename "$expected" .expected)
	for log in "$directory/$name".*; do
		case $log in
		*.expected|*.errors|*.options) ;;
		*)
			check_log "$directory" "$(basename "$log")" "$name"
			logs=$((logs + 1))
			;;
		esac
	done
done
tap_ok 'there are logs to read' [ "$logs" != 0 ]

tap_done

#!/bin/bash
# eventlog.sh - Windows Event Logs: our own readers against libevtx and libevt, and on real logs.
#
# make_eventlog writes logs, evtxexport and evtexport (libevtx-utils, libevt-utils) and orbl read
# them. Then logs of real machines, whole and damaged (tests/samples/eventlog/README.md).
. "${top_srcdir:?}/tests/tap.sh"

tools=${TOOLS:-$top_builddir/tests/tools}
orbl=${ORBL:-$top_builddir/orbl}
samples=$top_srcdir/tests/samples/eventlog
work=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$work"' EXIT
export TZ=UTC LC_ALL=C.UTF-8

# event_dump's output and that of libyal's tools, both as "NUMBER|SOURCE|ID|COMPUTER|STRING...".
ours() { # FORMAT FILE
	"$tools/event_dump" "$1" "$2" | awk -F '\t' '
		function flush() { if (n != "") print n }
		$1 == "event" { flush(); n = $2 "|" $4 "|" $5 "|" $6 }
		$1 == "string" { n = n "|" $4 }
		END { flush() }'
}

theirs() { # TOOL FILE
	"$1" "$2" 2>/dev/null | awk '
		function flush() { if (n != "") print n "|" source "|" id "|" computer strings }
		{ value = $0; sub(/^[^\t]*\t*: ?/, "", value) }
		/^Event number\t/ { flush(); n = value; strings = "" }
		/^Source name\t/ { source = value }
		/^Computer name\t/ { computer = value }
		/^Event identifier\t/ { sub(/.*\(/, "", value); id = (value + 0) % 65536 }
		/^String: / { strings = strings "|" value }
		END { flush() }'
}

describe() { # COUNT: that many events
	awk -v count="$1" 'BEGIN {
		for (i = 1; i <= count; i++) {
			print "event"; print "number " 100 + i; print "time " 1795168800 + i
			print "computer MAIL" i % 3
			if (i % 4 == 0) {
				print "source MSExchangeIMC"; print "id 2147485675"
				print "string 198.51.100." i; print "string host" i ".example"
				print "string "; print "string victim" i "@example.net"
			} else if (i % 4 == 1) {
				print "source Something"; print "id " i
				print "named first " i; print "named second two words"
			} else {
				print "source MSExchangeTransport"; print "id 3221232482"
				print "string 1"; print "string " i
				print "string 203.0.113." i; print "string rcpt"
				print "string 550 5.7.1 Unable to relay for victim" i "@example.net"
				print "string rcpt TO:<victim" i "@example.net>"
			}
		}
	}'
}

for program in evtxexport evtexport xz; do
	command -v "$program" >/dev/null || tap_bail "no $program; ./bootstrap deps installs it"
done

compare() { # FORMAT TOOL OPTION... : in all events
	local format=$1 tool=$2
	shift 2
	"$tools/make_eventlog" "$format" "$@" <"$work/spec" >"$work/log" || tap_bail 'no log'
	ours "$format" "$work/log" >"$work/ours"
	tap_is "$format $*: events" 60 "$(wc -l <"$work/ours")"
	tap_is "$format $*: nothing is wrong" '' \
		"$("$tools/event_dump" "$format" "$work/log" | grep ^trouble)"
	tap_is "$format $*: denials" 45 "$("$orbl" parse "$work/log" 2>/dev/null | wc -l)"
	theirs "$tool" "$work/log" >"$work/theirs"
	tap_diff "$format $*: as $tool has them" "$work/theirs" "$work/ours"
}

describe 60 >"$work/spec"
compare evtx evtxexport
compare evtx evtxexport --per-chunk=7
compare evtx evtxexport --new
compare evtx evtxexport --no-checksums
compare evtx evtxexport --dirty --per-chunk=13
compare evt evtexport
compare evt evtexport --dirty

# Without templates, as a collector writes them, libevtx reads none of them.
"$tools/make_eventlog" evtx <"$work/spec" >"$work/log"
ours evtx "$work/log" >"$work/wanted"
"$tools/make_eventlog" evtx --plain <"$work/spec" >"$work/log"
ours evtx "$work/log" >"$work/ours"
tap_diff 'evtx --plain: the same events' "$work/wanted" "$work/ours"

# A circle: what it has kept are the last ones, whatever is where the file ends.
ours evt <("$tools/make_eventlog" evt <"$work/spec") >"$work/wanted"
circle() { # SIZE OPTION...
	local size=$1 kept
	shift
	"$tools/make_eventlog" evt "--size=$size" "$@" <"$work/spec" >"$work/log"
	ours evt "$work/log" | sort >"$work/ours"
	kept=$(wc -l <"$work/ours")
	tail -n "$kept" "$work/wanted" >"$work/last"
	if cmp -s "$work/last" "$work/ours" && [ "$kept" -gt 5 ]; then return; fi
	echo "$size $*: $kept kept"
}
wrong=$(for size in $(seq 4000 52 7000); do circle "$size"; circle "$size" --dirty; done)
tap_is 'evt: circles of many sizes' '' "$wrong"
"$tools/make_eventlog" evt --size=6000 <"$work/spec" >"$work/log"
ours evt "$work/log" | sort >"$work/ours"
theirs evtexport "$work/log" | sort >"$work/theirs"
tap_diff 'evt: a circle as evtexport has it' "$work/theirs" "$work/ours"

# Damage anywhere: no crash, and nothing that was not in the log.
invented() { # FORMAT OPTION
	"$tools/make_eventlog" "$1" "$2" <"$work/few" >"$work/log"
	"$tools/event_dump" "$1" "$work/log" >"$work/out" || echo "$*: exit status $?"
	[ "$(grep -c ^event "$work/out")" -le 12 ] || echo "$*: too many events"
	"$orbl" parse --format "$1" "$work/log" >/dev/null 2>&1
	status=$?
	case $status in 0 | 2) ;; *) echo "$*: orbl: exit status $status" ;; esac
}
describe 12 >"$work/few"
for format in evt evtx; do
	RANDOM=7
	wrong=$(for ((i = 0; i < 40; i++)); do
		at=$(((RANDOM * 32768 + RANDOM) % 9000))
		invented $format "--damage=$at"
		invented $format "--flip=$((at * 8 + i % 8))"
		invented $format "--cut=$at"
	done)
	tap_is "$format: damage" '' "$wrong"
done

# Real logs.
sample() { # NAME EVENTS TROUBLES
	local got
	xz -dc "$samples/$1.evtx.xz" >"$work/$1.evtx" || tap_bail "no $1"
	"$tools/event_dump" evtx "$work/$1.evtx" >"$work/dump"
	tap_is "$1: events" "$2" "$(grep -c ^event "$work/dump")"
	tap_is "$1: troubles" "$3" "$(grep -c ^trouble "$work/dump")"
	tap_is "$1: none twice" '' "$(grep ^event "$work/dump" | sort | uniq -d)"
	got=$("$orbl" parse "$work/$1.evtx" 2>"$work/errors")
	tap_is "$1: no denials" '0 ' "$? $got"
	"$tools/event_dump" evtx "$work/$1.evtx" 999 >"$work/dump2"
	tap_ok "$1: in pieces of 999 bytes" cmp "$work/dump" "$work/dump2"
}
sample Application_no_crc32 17 0
sample MSExchange_Management_wec 1 0
tap_is 'forwarded event: strings' 27 "$(grep -c ^string "$work/dump")"
tap_like 'forwarded event' 'MSExchange CmdletLogs	1	WEC\.ave\.local' "$(cat "$work/dump")"
sample Security_short_selected 7 0
sample new-user-security 4 0
sample sample-with-zero-data-size-event 449 2
sample sample_with_a_bad_chunk_magic 298 92
sample security_bad_string_cache 2261 1

tap_done

# tap.sh - TAP for test scripts: source it, call the checks, end with tap_done.
#
#	tap_is NAME WANTED GOT      equal strings
#	tap_ok NAME COMMAND...      exit status 0
#	tap_status NAME N COMMAND.. exit status N (output kept in $tap_output)
#	tap_like NAME REGEX GOT     extended regular expression
#	tap_diff NAME WANTED GOT    two files

set -u
tap_count=0
tap_failed=0
tap_output=

tap_result() { # ok|"not ok" NAME
	tap_count=$((tap_count + 1))
	[ "$1" = ok ] || tap_failed=$((tap_failed + 1))
	printf '%s %d - %s\n' "$1" "$tap_count" "${2//#/}"
}

tap_note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

tap_is() {
	if [ "$2" = "$3" ]; then tap_result ok "$1"; return; fi
	tap_result 'not ok' "$1"
	tap_note "wanted: $2"
	tap_note "got:    $3"
}

tap_like() {
	if printf '%s\n' "$3" | grep -Eq -- "$2"; then tap_result ok "$1"; return; fi
	tap_result 'not ok' "$1"
	tap_note "wanted: /$2/"
	tap_note "got:    $3"
}

tap_ok() {
	local name=$1
	shift
	tap_status "$name" 0 "$@"
}

tap_status() {
	local name=$1 wanted=$2 got=0
	shift 2
	tap_output=$("$@" 2>&1) || got=$?
	if [ "$got" = "$wanted" ]; then tap_result ok "$name"; return; fi
	tap_result 'not ok' "$name"
	tap_note "wanted exit status $wanted, got $got from: $*"
	tap_note "$tap_output"
}

tap_diff() {
	local difference
	if difference=$(diff -u "$2" "$3"); then tap_result ok "$1"; return; fi
	tap_result 'not ok' "$1"
	tap_note "$difference"
}

tap_bail() {
	printf 'Bail out! %s\n' "$*"
	exit 1
}

tap_done() {
	printf '1..%d\n' "$tap_count"
	[ "$tap_failed" = 0 ]
	exit
}

# A test without the program that it is about has failed.
tap_need() { # PROGRAM...
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null ||
			tap_bail "no $program here: ./bootstrap deps installs what the tests need"
	done
}

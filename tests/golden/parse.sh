#!/bin/bash
# orbl parse: the command line, exit statuses and odd files. (logs.sh has the logs.)
. "${top_srcdir:?}/tests/tap.sh"

orbl=${ORBL:-$top_builddir/orbl}
case $orbl in /*) ;; *) orbl=$PWD/$orbl ;; esac
golden=$(cd "$top_srcdir/tests/golden/logs/postfix" && pwd) || tap_bail 'no golden logs'
work=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$work"' EXIT
export TZ=UTC LC_ALL=C
now=2026-11-21T12:00:00Z

parse() { # FILES AND OPTIONS
	(cd "$golden" && "$orbl" parse --now "$now" "$@")
}

# Counting hosts
parse --summary plain.log repeated.log framing.log >"$work/out" 2>"$work/errors"
tap_is 'summary: sorted hosts' "$(printf '198.51.100.7\t60\n198.51.100.8\t1\n2001:db8:bad::7\t1')" \
	"$(cat "$work/out")"
tap_is 'summary in JSON' '{"ip":"198.51.100.8","denials":1}' \
	"$(parse --summary --json plain.log repeated.log framing.log 2>/dev/null | sed -n 2p)"
tap_like 'summary: totals over files' 'files: 3, lines: 76, denials: 62, hosts: 3,' \
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

# Compressed, known by their first bytes alone
parse plain.log 2>/dev/null | sed 's/"file":"[^"]*"//' >"$work/wanted"
for packer in gzip xz zstd; do
	command -v "$packer" >/dev/null || continue
	"$packer" -c <"$golden/plain.log" >"$work/packed"
	parse "$work/packed" 2>"$work/errors" | sed 's/"file":"[^"]*"//' >"$work/out"
	tap_diff "$packer: the same denials" "$work/wanted" "$work/out"
	parse - <"$work/packed" 2>"$work/errors" | sed 's/"file":"[^"]*"//' >"$work/out"
	tap_diff "$packer from standard input: the same denials" "$work/wanted" "$work/out"
	# Two, and the second one cut: what is there is read.
	{ cat "$work/packed"; head -c -9 "$work/packed"; } >"$work/cut"
	parse "$work/cut" >"$work/out" 2>"$work/errors"
	tap_is "$packer, cut: exit status" 2 $?
	tap_ok "$packer, cut: denials before" test "$(wc -l <"$work/out")" -ge \
		"$(wc -l <"$work/wanted")"
	tap_like "$packer, cut: told" \
		"^orbl parse: [^ ]*cut: the $packer data is cut off at byte [0-9]+; " \
		"$(cat "$work/errors")"
	tap_like "$packer, cut: totals" '^orbl parse: files: 1, lines: ' "$(cat "$work/errors")"
done
if command -v bzip2 >/dev/null; then
	bzip2 -c <"$golden/plain.log" >"$work/packed"
	tap_status 'bzip2: not read' 2 parse "$work/packed"
	tap_like 'bzip2: told' 'packed: compressed in a way that is not read \(bzip2\); .* bzcat' \
		"$tap_output"
fi

# Directories
mkdir -p "$work/logs/b/deep" "$work/logs/.hidden" "$work/nothing"
for file in z.log a.log b/2.log b/deep/1.log .x.log .hidden/y.log; do
	sed -n 2p "$golden/plain.log" >"$work/logs/$file"
done
ln -s a.log "$work/logs/link.log"
mkfifo "$work/logs/fifo"
(cd "$work" && "$orbl" parse --now "$now" logs 2>"$work/errors") >"$work/out"
tap_is 'a directory: its files by name' \
	'logs/a.log logs/b/2.log logs/b/deep/1.log logs/z.log ' \
	"$(sed 's/{"file":"\([^"]*\)".*/\1/' "$work/out" | tr '\n' ' ')"
tap_like 'a directory: each counts' 'files: 4, lines: 4, denials: 4,' "$(cat "$work/errors")"
tap_status 'an empty directory' 0 parse "$work/nothing"
tap_like 'an empty directory: told' 'files: 0, lines: 0,' "$tap_output"
if [ "$(id -u)" != 0 ]; then
	chmod 0 "$work/logs/b"
	tap_status 'a directory in it that may not be read' 2 parse "$work/logs"
	tap_like 'that is told' 'logs/b: Permission denied' "$tap_output"
	tap_like 'and the rest is read' 'files: 2, lines: 2, denials: 2,' "$tap_output"
	chmod 700 "$work/logs/b"
fi

# Copies of one event in two files: Exim's main log and reject log
exim_line() { # SECOND HOST
	printf '2026-11-21 19:00:%s H=(x) [198.51.100.%s] F=<b@two.example> rejected RCPT %s\n' \
		"$1" "$2" '<a@nine.example>: relay not permitted'
}
{ exim_line 01 7; exim_line 02 8; exim_line 02 8; exim_line 03 9; } >"$work/mainlog"
{ exim_line 01 7; exim_line 02 8; exim_line 02 8; exim_line 04 9; } >"$work/rejectlog"
parse --summary "$work/mainlog" "$work/rejectlog" >"$work/out" 2>"$work/errors"
tap_is 'copies in a later file count once' "$(printf '198.51.100.%d\t%d\n' 7 1 8 2 9 2)" \
	"$(cat "$work/out")"
tap_like 'copies: told' '^orbl parse: 3 denials were in an earlier file' "$(cat "$work/errors")"
tap_like 'copies: totals' 'files: 2, lines: 8, denials: 5, hosts: 3,' "$(cat "$work/errors")"
parse --summary "$work/mainlog" "$work/mainlog" "$work/mainlog" >"$work/out" 2>"$work/errors"
tap_like 'the same file three times' 'files: 3, lines: 12, denials: 4, hosts: 3,' \
	"$(cat "$work/errors")"

# Totals
other='Nov 21 19:00:02 mx1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[198.51.100.9]: '
other="${other}550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in local recipient "
other="${other}table; from=<c@d.example> to=<a@b.example> proto=ESMTP helo=<x>"
printf '%s\n' "$other" "$other" >"$work/others"
parse "$work/others" >"$work/out" 2>"$work/errors"
tap_is 'other rejections by kind' 'orbl parse: other rejections: unknown-user 2' \
	"$(tail -n 2 "$work/errors" | head -n 1)"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "no log $i"; done >"$work/no-log"
parse "$work/no-log" plain.log >"$work/out" 2>"$work/errors"
tap_like 'more than ten lines not understood: why' \
	'^orbl parse: not understood: 12 of 12: no syslog time stamp' "$(cat "$work/errors")"
parse --totals "$work/no-log" "$work/others" plain.log >"$work/out" 2>"$work/errors"
wanted='{"totals":{"files":3,"lines":[0-9]+,"understood":[0-9]+,"denials":[0-9]+,"hosts":[0-9]+,'
wanted="$wanted\"duplicates\":0,\"rejections\":[0-9]+,\"not_understood\":12,"
wanted="$wanted\"rejected\":\{\"unknown-user\":[0-9]+.*\},"
wanted="$wanted\"reasons\":\[\{\"reason\":\"no syslog[^\"]*\",\"count\":12\}\]\}\}"
tap_like '--totals: the last line' "^$wanted\$" "$(tail -n 1 "$work/out")"
tap_is '--totals: only one line more' "$(($(wc -l <"$work/wanted") + 1))" "$(wc -l <"$work/out")"
tap_like '--totals --summary --json' '^\{"totals":\{"files":1,.*"denials":0,' \
	"$(parse -tsj "$work/others" 2>/dev/null)"
tap_status '--totals with text' 2 parse --totals --summary plain.log

# Other programs' lines, and other formats
printf 'Nov 21 19:00:0%d mx1 dovecot: imap-login: Login: user=<a>\n' 1 2 >"$work/quiet"
tap_status 'a quiet log is no trouble' 0 parse "$work/quiet"
tap_like 'but it is told' 'quiet: no line of a mail server in it' "$tap_output"
tap_status 'neither is an empty one' 0 parse /dev/null
tap_ok 'and that is not told' test "${tap_output#*no line of}" = "$tap_output"
{ cat "$work/quiet"; echo nonsense; } >"$work/nonsense"
tap_status 'with a line that is not understood: status' 2 parse "$work/nonsense"
tap_status 'beside a log: status' 0 parse "$work/nonsense" plain.log
tap_like 'and the file is told' 'nonsense: no line of a mail server in it' "$tap_output"
tap_status 'lines of another format: status' 2 parse --format exim plain.log
tap_like 'and that is told' 'plain.log: no line of the format exim in it' "$tap_output"
tap_status 'a container with other programs: status' 0 \
	parse --format journal-export /dev/null

# Formats, domains, events
tap_status 'formats' 0 "$orbl" parse --format help
for format in postfix exim journal-export; do
	tap_like "formats: $format" "^$format +[A-Za-z]" "$tap_output"
done
tap_is 'a format that is given' "$(wc -l <"$work/wanted")" \
	"$(parse --format postfix plain.log 2>/dev/null | wc -l)"
tap_is 'another format: no denials' 0 "$(parse --format exim plain.log 2>/dev/null | wc -l)"
tap_status 'no such format' 2 parse --format nonsense plain.log
tap_like 'no such format: told' '^orbl parse: --format nonsense: no such format; ' "$tap_output"
tap_status 'no domain' 2 parse --local-domain a@b.example plain.log
tap_like 'no domain: told' '^orbl parse: --local-domain a@b.example: not a domain' "$tap_output"
tap_status 'domains' 0 parse --local-domain one.example --local-domain two.example plain.log
tap_status 'an event' 0 parse --event MSExchangeIMC:2027:ip=1,recipient=4 plain.log
tap_status 'no event' 2 parse --event nonsense plain.log
tap_like 'no event: told' '^orbl parse: --event nonsense: .* must have the form ' "$tap_output"
tap_status 'an event without an address' 2 parse --event A:1:host=1 plain.log
tap_status 'a journal and a format' 2 parse --journal --format postfix
tap_status 'a journal that is not there' 2 parse --journal="$work/none"

# How far it is, on a terminal only
command -v script >/dev/null || tap_bail 'no script(1)'
[ -e /usr/share/zoneinfo/Europe/Rome ] || tap_bail 'no time zones; ./bootstrap deps installs tzdata'
for i in $(seq 1 200); do cat "$golden/plain.log"; done >"$work/big"
for i in $(seq 1 100); do cat "$work/big"; done >"$work/bigger"
on_terminal() { # TERM
	TERM=$1 script -qec "$orbl parse $work/big $work/bigger >$work/out" /dev/null \
		</dev/null >"$work/screen"
}
on_terminal xterm
tap_like 'a terminal: how far it is' \
	'bigger \(2 of 2\): [0-9]+ %, [0-9]+ MB/s, [0-9]+ denials' "$(cat "$work/screen")"
tap_like 'a terminal: the totals stay' 'orbl parse: files: 2, ' \
	"$(tail -n 1 "$work/screen")"
parse "$work/bigger" 2>"$work/errors" >/dev/null
tap_is 'no terminal: nothing' 1 "$(wc -l <"$work/errors")"
tap_is 'no terminal: no escape sequences' 0 "$(grep -c $'\033' "$work/errors")"
on_terminal dumb
tap_is 'a terminal without escape sequences: none' 0 "$(grep -c $'\033' "$work/screen")"

# Time stamps without a zone are local
TZ=Europe/Rome parse plain.log 2>/dev/null | head -n 1 >"$work/out"
tap_like 'local time' '"time":"2026-11-21T18:00:02\+00:00"' "$(cat "$work/out")"

# Exit statuses
tap_status 'empty input' 0 parse /dev/null
tap_status 'empty lines' 0 parse - <<<$'\n\r\n'
tap_status 'nothing understood' 2 parse - <<<'not a log'
tap_status 'no such file' 2 parse "$work/none" plain.log
tap_like 'no such file: told' 'none: No such file or directory' "$tap_output"
tap_like 'no such file: the others are read' '"file":"plain.log"' "$tap_output"
tap_status 'no file given' 2 parse
tap_status 'unknown option' 2 parse --nonsense plain.log
tap_status 'a time that is none' 2 "$orbl" parse --now yesterday "$golden/plain.log"
tap_status 'help' 0 "$orbl" parse --help
for option in --summary --json --totals --format --local-domain --event --journal --now --help; do
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

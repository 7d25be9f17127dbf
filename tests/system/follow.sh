#!/bin/bash
# orbl submit --follow: a log is written, rotated in every way, and both sides are killed at any
# moment; in the end each line has been counted once.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/orbl_lab.sh"

orbl_begin 'score.min_reporters = 100'
orbl_start_analyzer
cd "$orbl_dir" || exit 1
written=0

# COUNT lines, each of a host of its own, at the end of FILE.
write_lines() { # FILE COUNT
	local last=$((written + $2))
	while [ "$written" -lt "$last" ]; do
		written=$((written + 1))
		printf '%s mx1 postfix/smtpd[%d]: NOQUEUE: reject: RCPT from unknown[10.%d.%d.%d]: ' \
			2026-11-21T10:00:00.000000+00:00 "$written" $((written / 65536)) \
			$((written / 256 % 256)) $((written % 256))
		printf '554 5.7.1 <u@e.example>: Relay access denied; from=<a@s.example> to=<u@e.example> '
		printf 'proto=ESMTP helo=<h>\n'
	done >>"$1"
}

follow() { # FILE...
	orbl_spawn follow env ORBL_CONF="$orbl_dir/orbl.conf" "$top_builddir/orbl" submit \
		--reporter mx1 --follow "$@"
}

sql() {
	sqlite3 -cmd '.timeout 5000' "$orbl_dir/orbl.db" "$1"
}

counted() {
	sql 'SELECT coalesce(sum(v.count), 0) FROM evidence v JOIN submission b ON b.id = v.submission
		WHERE b.committed = 1'
}

all_counted() {
	[ "$(counted)" = "$written" ]
}

# Each line counts once, and its host is another one.
assert_counted() { # NAME
	orbl_wait 30 all_counted
	tap_is "$1" "$written $written" \
		"$(counted) $(sql 'SELECT count(DISTINCT host) FROM evidence')"
}

rotate() { # FILE: FILE.1 becomes FILE.2 and so on
	local i
	for i in $(seq 40 -1 1); do
		[ ! -e "$1.$i" ] || mv "$1.$i" "$1.$((i + 1))"
		[ ! -e "$1.$i.gz" ] || mv "$1.$i.gz" "$1.$((i + 1)).gz"
	done
	mv "$1" "$1.1"
}

# --- while it runs ---

follow mail.log
sleep 1.2
write_lines mail.log 100
assert_counted 'a file that is made later is followed'
write_lines mail.log 50
rotate mail.log
write_lines mail.log.1 20 # who writes has not heard of it yet
sleep 1.2
write_lines mail.log.1 7
write_lines mail.log 30
assert_counted 'a file that is renamed, and written to for a while'
write_lines mail.log 10
cp mail.log mail.log.copy
rotate mail.log.copy
mv mail.log.copy.1 mail.log-20261121
: >mail.log
write_lines mail.log 1
assert_counted 'a file that is copied and truncated'
for _ in 1 2 3; do
	write_lines mail.log 40
	rotate mail.log
done
write_lines mail.log 5
assert_counted 'several rotations within a second'
printf '%s' "$(write_lines /dev/stdout 1)" >>mail.log # no line feed yet
written=$((written + 1))
sleep 2.5
tap_is 'a line without its end is not counted' "$((written - 1))" "$(counted)"
printf '\n' >>mail.log
assert_counted 'and is when it has one'
orbl_stop follow TERM
tap_is 'nothing was said' '' "$(cat follow.log)"

# --- while it does not ---

write_lines mail.log 11
rotate mail.log
write_lines mail.log 12
rotate mail.log
gzip mail.log.2
write_lines mail.log 13
rotate mail.log
write_lines mail.log 14
follow mail.log
assert_counted 'three rotations, one of them compressed, while nobody was there'
orbl_stop follow KILL
cp mail.log mail.log.0
rotate mail.log.0
mv mail.log.0.1 mail.log.0
: >mail.log
write_lines mail.log.0 15
write_lines mail.log 200
follow mail.log
assert_counted 'truncated while nobody was there, and longer than before'

# --- killed at any moment ---

# The writer: lines in bursts, a rotation now and then; never two at once.
writer() {
	local i
	for i in $(seq 1 60); do
		write_lines mail.log $((RANDOM % 120))
		case $((RANDOM % 8)) in
		0) rotate mail.log; write_lines mail.log.1 $((RANDOM % 9)); write_lines mail.log 1 ;;
		1) rotate mail.log; : >mail.log ;;
		2) [ ! -e mail.log.2 ] || gzip -f mail.log.2 ;;
		esac
		sleep 0.0$((RANDOM % 9 + 1))
	done
	echo "$written" >writer.done
}
rm -f mail.log.[0-9]* mail.log-*
RANDOM=${ORBL_SEED:-4711}
for round in $(seq "${ORBL_ROUNDS:-2}"); do
	rm -f writer.done
	writer &
	writer=$!
	while [ ! -e writer.done ]; do
		sleep 0.$((RANDOM % 9))$((RANDOM % 9))
		if [ $((RANDOM % 2)) = 0 ]; then
			orbl_stop follow KILL
			follow mail.log
		else
			orbl_stop analyzer KILL
			orbl_start_analyzer
		fi
	done
	wait "$writer"
	written=$(cat writer.done)
	assert_counted "killed at any moment, round $round"
done
tap_is 'nothing was counted that did not stay' 0 \
	"$(sql 'SELECT count(*) FROM submission WHERE committed = 0')"
tap_is 'and no line came twice' 0 "$(sql 'SELECT sum(duplicates) FROM submission')"
orbl_stop follow TERM

# --- the analyzer is not there ---

orbl_stop analyzer TERM
rm -f follow.log
follow mail.log
write_lines mail.log 3
sleep 4
tap_is 'it says so once' 1 "$(grep -c 'trying again' follow.log)"
orbl_start_analyzer
assert_counted 'and goes on'
tap_like 'which it says, too' 'goes on' "$(cat follow.log)"

# --- two of one file; what cannot be followed ---

tap_is 'another one takes the file over' '' "$(
	timeout -s TERM 4 env ORBL_CONF="$orbl_dir/orbl.conf" "$top_builddir/orbl" submit \
		--reporter mx1 --follow mail.log 2>&1)"
wait "${orbl_pids[follow]}"
tap_is 'and the first one ends' 2 $?
unset 'orbl_pids[follow]'
tap_like 'and says why' 'another client follows' "$(cat follow.log)"
gzip -k mail.log
tap_like 'a compressed file is refused' 'without --follow' \
	"$(orbl submit --reporter mx1 --follow mail.log.gz 2>&1)"
tap_is 'status is trouble' 2 "$(orbl submit --reporter mx1 --follow mail.log.gz >/dev/null 2>&1; echo $?)"

# --- headers ---

follow_w3c() {
	orbl_spawn w3c env ORBL_CONF="$orbl_dir/orbl.conf" "$top_builddir/orbl" submit \
		--reporter w3c --follow ex.log
}
before=$(counted)
{
	printf '#Software: Microsoft Internet Information Services 6.0\r\n#Version: 1.0\r\n'
	printf '#Date: 2026-11-21 00:00:00\r\n#Fields: date time c-ip cs-username s-sitename '
	printf 's-computername s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status sc-win32-status '
	printf 'sc-bytes cs-bytes time-taken cs-version cs-host cs(User-Agent) cs(Cookie) cs(Referer)\r\n'
} >ex.log
w3c_line() { # HOST
	printf '2026-11-21 10:00:0%d 192.0.2.%d mail.example SMTPSVC1 MX1 198.51.100.1 0 RCPT - ' "$1" "$1"
	printf '+TO:<user%d@elsewhere.example> 550 0 %d 40 0 SMTP - - - -\r\n' "$1" 56
}
w3c_line 1 >>ex.log
follow_w3c
w3c_is_counted() { # LINES
	[ "$(counted)" = $((before + $1)) ]
}
tap_ok 'a log whose header names the fields' orbl_wait 10 w3c_is_counted 1
orbl_stop w3c KILL
w3c_line 2 >>ex.log
follow_w3c
tap_ok 'after a restart in the middle the header holds, too' orbl_wait 10 w3c_is_counted 2
orbl_stop w3c TERM

# A session that began before the restart, of which only the refusal comes after it.
session_row() { # NUMBER EVENT DATA
	printf '2026-11-20T09:00:0%d.170Z,MX1\\Default,08DE27C1A0000001,%d,10.0.0.5:25,198.51.100.7:40001,%s,%s,\r\n' \
		"$1" "$1" "$2" "$3"
}
follow_exchange() {
	orbl_spawn exchange env ORBL_CONF="$orbl_dir/orbl.conf" "$top_builddir/orbl" submit \
		--reporter w3c --follow recv.log
}
{
	printf '#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.0\r\n'
	printf '#Log-type: SMTP Receive Protocol Log\r\n#Date: 2026-11-20T09:00:00.000Z\r\n'
	printf '#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,'
	printf 'remote-endpoint,event,data,context\r\n'
	session_row 0 + ''
	session_row 1 '<' 'EHLO spam.example'
	session_row 2 '>' '250 mx1'
	session_row 3 '<' 'MAIL FROM:<s@spam.example>'
	session_row 4 '>' '250 2.1.0 Sender OK'
	session_row 5 '<' 'RCPT TO:<v@far.example>'
} >recv.log
follow_exchange
orbl_wait 10 sh -c "sqlite3 '$orbl_dir/orbl.db' 'SELECT json FROM position' | grep -q '\"line\":11'"
orbl_stop exchange KILL
session_row 6 '>' '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain' >>recv.log
follow_exchange
tap_ok 'a session goes on over a restart' orbl_wait 10 w3c_is_counted 3
orbl_stop exchange TERM
tap_is 'at its line of the file' 12 \
	"$(sql "SELECT line FROM evidence WHERE host = '198.51.100.7' AND raw LIKE '%Unable%'")"

# --- a journal ---

remote=/lib/systemd/systemd-journal-remote
journal() { # FIRST COUNT: entries, of ten four are denials
	python3 "$top_srcdir/tests/system/journal_export.py" "$@" |
		"$remote" -o "$orbl_dir/j/mail.journal" - >/dev/null 2>&1
}
follow_journal() {
	orbl_spawn journal env ORBL_CONF="$orbl_dir/orbl.conf" "$top_builddir/orbl" submit \
		--reporter journal --follow --journal="$orbl_dir/j"
}
journal_is_counted() { # DENIALS
	[ "$(sql "SELECT coalesce(sum(v.count), 0) FROM evidence v JOIN submission b
		ON b.id = v.submission JOIN reporter r ON r.id = b.reporter
		WHERE b.committed = 1 AND r.name = 'journal'")" = "$1" ]
}
[ -x "$remote" ] || tap_bail 'no systemd-journal-remote; ./bootstrap deps installs it'
mkdir j
journal 0 100
follow_journal
tap_ok 'a journal is followed' orbl_wait 10 journal_is_counted 40
journal 100 50
tap_ok 'as it grows' orbl_wait 10 journal_is_counted 60
orbl_stop journal KILL
journal 150 50
follow_journal
tap_ok 'and after a restart where it was' orbl_wait 10 journal_is_counted 80
tap_is 'no entry came twice' 0 "$(sql 'SELECT sum(b.duplicates) FROM submission b
	JOIN reporter r ON r.id = b.reporter WHERE r.name = '"'journal'")"
orbl_stop journal TERM
tap_done

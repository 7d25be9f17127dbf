#!/bin/bash
# What was acknowledged survives kill -9 of the analyzer: a submission between its
# acknowledgement and the listing, a probe under way, a listing, a delisting request.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/orbl_lab.sh"

orbl_begin 'probe.reply_timeout = 20'
printf 'relay_flags = absent\n' >"$orbl_dir/open.policy"
orbl_spawn host "$top_builddir/tests/tools/relay_host" \
	--smarthost "127.0.0.1:$orbl_collector_port" --port "$orbl_probe_port" \
	"127.0.11.1=$orbl_dir/open.policy,tarpit=300"
orbl_wait 10 grep -q '^ready' "$orbl_dir/host.log" || tap_bail 'relay_host does not start'
orbl_start_analyzer

# Killed the moment it has acknowledged the second reporter's log: the host has been
# nominated or not, but is not listed (a reply takes 300 ms).
orbl_denial 127.0.11.1 mx1 >"$orbl_dir/mx1.log"
orbl_denial 127.0.11.1 mx2 >"$orbl_dir/mx2.log"
tap_ok 'the first submission is acknowledged' orbl submit --reporter mx1 "$orbl_dir/mx1.log"
tap_ok 'the second submission is acknowledged' orbl submit --reporter mx2 "$orbl_dir/mx2.log"
orbl_stop analyzer KILL
tap_is 'killed before anything was listed' 0 \
	"$(sqlite3 "$orbl_dir/orbl.db" 'SELECT count(*) FROM listing')"
tap_is 'both submissions are in the store' 2 \
	"$(sqlite3 "$orbl_dir/orbl.db" 'SELECT count(*) FROM submission WHERE committed')"

# Killed again while the probe is under way.
orbl_start_analyzer
orbl_wait 10 grep -q 'probe 1: score' "$orbl_dir/analyzer.log"
sleep 0.5
orbl_stop analyzer KILL
tap_is 'killed during the probe' 1 \
	"$(sqlite3 "$orbl_dir/orbl.db" 'SELECT count(*) FROM probe WHERE finished_s = 0')"

orbl_start_analyzer
is_listed() {
	orbl check 127.0.11.1 | grep -q 'relay .*127.0.0.2'
}
tap_ok 'the host is listed after both deaths' orbl_wait 30 is_listed
tap_is 'one probe did it' 1 "$(sqlite3 "$orbl_dir/orbl.db" 'SELECT count(*) FROM probe')"

# A listing survives, and so does a delisting request that nobody waits for.
tap_ok 'a delisting request is acknowledged' orbl delist --no-wait 127.0.11.1
orbl_stop analyzer KILL
printf 'relay_flags = 0\n' >"$orbl_dir/open.policy"
kill -HUP "${orbl_pids[host]}"
orbl_start_analyzer
tap_ok 'the request is carried out by the next analyzer' \
	orbl_wait 60 orbl check 127.0.11.1
tap_like 'and its result is kept' '"state":"delisted"' "$(orbl explain --json 127.0.11.1)"

# The same logs again: nothing is counted twice.
tap_like 'a log submitted again is known' '"duplicates":1' \
	"$(orbl submit --json --reporter mx1 "$orbl_dir/mx1.log")"

# A client that dies in the middle of its submission leaves nothing.
python3 - "$orbl_dir/analyzer.sock" "$orbl_dir/mx1.log" <<-'END'
import socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
body = open(sys.argv[2], 'rb').read()
s.sendall(b'{"cmd":"submit","reporter":"half","file":"x"}\n' + struct.pack('>I', len(body)) + body)
s.close()
END
half_is_undone() {
	[ "$(sqlite3 "$orbl_dir/orbl.db" "SELECT (SELECT count(*) FROM reporter WHERE name = 'half'),
		(SELECT count(*) FROM submission b JOIN reporter r ON r.id = b.reporter
		WHERE r.name = 'half')")" = '1|0' ]
}
tap_ok 'half a submission is undone' orbl_wait 10 half_is_undone
tap_done

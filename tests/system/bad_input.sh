#!/bin/bash
# Trouble that an administrator meets: unreadable logs, a full disk, a store that cannot be
# written, a second analyzer, a wrong configuration. Clear words, right exit statuses, and
# nothing acknowledged that is not stored.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/orbl_lab.sh"

orbl_begin
orbl_start_analyzer

# --- logs ---
printf 'this is no log\nnor is this\n' >"$orbl_dir/garbage"
tap_status 'a log without a usable line' 2 orbl submit "$orbl_dir/garbage"
tap_like 'says which line and why' "garbage:1: not understood: no syslog time stamp" "$tap_output"
tap_like 'and what it might be' 'no line of a mail server in it' "$tap_output"
{ printf 'not a log line\n'; orbl_denial 192.0.2.1; } >"$orbl_dir/mixed"
tap_status 'one bad line in a good log' 0 orbl submit "$orbl_dir/mixed"
tap_like 'is counted' '1 denials of 1 hosts.* 1 lines not understood' "$tap_output"
tap_status 'a file that is not there' 2 orbl submit "$orbl_dir/none"
tap_like 'is named' 'none: .*No such file' "$tap_output"
tap_status 'a directory' 2 orbl submit "$orbl_dir"
head -c 300000 /dev/urandom >"$orbl_dir/noise"
tap_status 'random bytes' 2 orbl submit "$orbl_dir/noise"
tap_status 'standard input cannot be followed' 2 orbl submit --follow -
tap_like 'and what to do instead' 'name a file' "$tap_output"
tap_status 'an empty log is fine' 0 orbl submit /dev/null
tap_status 'a reporter without a name' 2 orbl submit --reporter '' "$orbl_dir/mixed"
tap_status 'no address' 2 orbl check 1.2.3
tap_status 'not listed' 0 orbl check 192.0.2.1
tap_status 'not listed, so nothing to delist' 2 orbl delist 192.0.2.1

# --- a second analyzer, a wrong configuration ---
tap_status 'a second analyzer on the same store is refused' 1 \
	"$top_builddir/orbl-analyzer" -c "$orbl_dir/orbl.conf"
tap_like 'with the reason' 'another orbl-analyzer uses this store' "$tap_output"
printf '# a comment\n\nprobe.alow = {"127.0.0.0/8"}\n' >"$orbl_dir/wrong.conf"
for program in orbl-analyzer orbl-dnsd; do
	tap_status "$program: unknown option" 1 "$top_builddir/$program" -T -c "$orbl_dir/wrong.conf"
	tap_like "$program: file, line and remedy" 'wrong.conf:3: .*"probe.alow".*"probe.allow"' \
		"$tap_output"
done
printf '0123\n' >"$orbl_dir/cookie"
tap_status 'zones that do not go together are told by -T' 1 "$top_builddir/orbl-dnsd" -T \
	x.test:acl:/etc/hosts x.test:acl:/etc/passwd
tap_like 'with the reason' 'x.test has two access control lists' "$tap_output"
printf 'dnsd.cookie_secret = "%s"\n' "$orbl_dir/cookie" >"$orbl_dir/wrong.conf"
tap_status 'and so is a bad cookie secret' 1 "$top_builddir/orbl-dnsd" -T -c "$orbl_dir/wrong.conf"
tap_like 'with file and line' 'cookie:1: .*32 hexadecimal digits' "$tap_output"
tap_ok 'the effective values are printed' "$top_builddir/orbl-analyzer" -T -c "$orbl_dir/orbl.conf"
printf '%s\n' "$tap_output" >"$orbl_dir/printed.conf"
tap_ok 'and can be read back' "$top_builddir/orbl-dnsd" -T -c "$orbl_dir/printed.conf"
tap_is 'as the same' "$(cat "$orbl_dir/printed.conf")" "$tap_output"

# --- what a start would refuse, and -T finds before it ---
refused() { # WHAT LIKE LINE...
	local what=$1 like=$2
	shift 2
	{ cat "$orbl_dir/orbl.conf"; printf '%s\n' "$@"; } >"$orbl_dir/wrong.conf"
	tap_status "-T: $what" 1 "$top_builddir/orbl-analyzer" -T -c "$orbl_dir/wrong.conf"
	tap_like "$what: is named" "$like" "$tap_output"
}
printf '192.0.2.1\nnonsense\n' >"$orbl_dir/opt-out"
refused 'a case that does not exist' 'orbl-analyzer: probe.cases: .*P99' 'probe.cases = {"P99"}'
refused 'a certificate that is not there' 'collector.tls_certificate or .*none.crt' \
	"collector.tls_certificate = \"$orbl_dir/none.crt\""
refused 'a bad list of who opted out' 'probe.opt_out_file: .*opt-out:2: "nonsense"' \
	"probe.opt_out_file = \"$orbl_dir/opt-out\""
refused 'a policy that is not there' 'none.policy' \
	"reporter \"mx1\" { relay_policy = \"$orbl_dir/none.policy\" }"
refused 'a user who is not there' 'probe.user: there is no user "nosuchuser"' \
	'probe.user = "nosuchuser"'
refused 'one source twice' 'probe.second_source: 127.0.0.1 is probe.source, too' \
	'probe.source = "127.0.0.1"' 'probe.second_source = "127.0.0.1"'
refused 'a source that is not here' \
	'probe.source: 203.0.113.9 is not an address of this machine' \
	'probe.source = "203.0.113.9"'
orbl_stop analyzer
tap_status 'and a start refuses it' 1 "$top_builddir/orbl-analyzer" -c "$orbl_dir/wrong.conf"
tap_like 'in the same words' 'probe.source: 203.0.113.9 is not an address' "$tap_output"

# --- who opted out is not known ---
cp "$orbl_dir/orbl.conf" "$orbl_dir/whole.conf"
printf 'probe.opt_out_file = "%s"\n' "$orbl_dir/opt-out" >>"$orbl_dir/orbl.conf"
orbl_start_analyzer
tap_ok 'a bad opt-out list is told by status' orbl status
tap_like 'always' 'opt-out  .*opt-out:2: "nonsense".*; nothing is probed before' "$tap_output"
printf '192.0.2.1\n' >"$orbl_dir/opt-out"
no_trouble() { ! orbl status | grep -q opt-out; }
tap_ok 'until it is mended' orbl_wait 10 no_trouble
tap_like 'which is logged' 'opted out can be read again' "$(cat "$orbl_dir/analyzer.log")"
echo nonsense >"$orbl_dir/opt-out"
orbl_stop analyzer
orbl_start_analyzer
tap_ok 'a restart with a broken one' orbl status
tap_like 'goes by the last good one' 'opt-out  .*; the last list that could be read stays in force' \
	"$tap_output"
tap_like 'which is logged' 'opt-out:1: .*; the list of [0-9TZ:-]* stays in force' \
	"$(cat "$orbl_dir/analyzer.log")"
orbl_stop analyzer

# --- signals to the whole process group, as systemd sends them ---
ends_well() {
	setsid "$top_builddir/orbl-analyzer" -c "$orbl_dir/orbl.conf" >>"$orbl_dir/group.log" 2>&1 &
	local pid=$!
	orbl_wait 20 orbl status || return 1
	kill -TERM -- "-$pid"
	wait "$pid"
}
for i in $(seq 1 12); do
	ends_well || break
done
tap_is 'twelve ends by a signal to all are twelve good ones' 12 "$i"
tap_is 'without a word of the prober' 0 "$(grep -c 'prober is gone' "$orbl_dir/group.log")"
mv "$orbl_dir/whole.conf" "$orbl_dir/orbl.conf"
tap_status 'no analyzer' 2 orbl status
tap_like 'asks whether it runs' 'is it running' "$tap_output"

# --- a store that cannot be written ---
printf 'not a database, but long enough to be taken for one: %0500d\n' 0 >"$orbl_dir/orbl.db"
tap_status 'a store that is no database' 1 "$top_builddir/orbl-analyzer" -c "$orbl_dir/orbl.conf"
tap_like 'is left alone, with a remedy' 'orbl.db: .*not a database.*restore a backup' "$tap_output"
sed -i "s,^store.path.*,store.path = \"$orbl_dir/none/orbl.db\"," "$orbl_dir/orbl.conf"
tap_status 'no directory for the store' 1 "$top_builddir/orbl-analyzer" -c "$orbl_dir/orbl.conf"
tap_like 'is told' 'none/orbl.db.*its directory must exist' "$tap_output"

# --- a full disk: a small file system of its own ---
mkdir "$orbl_dir/small"
mount -t tmpfs -o size=1200k none "$orbl_dir/small" || tap_bail 'tmpfs cannot be mounted: run as root'
trap 'orbl_stop analyzer; umount "$orbl_dir/small"; orbl_end' EXIT
sed -i "s,^store.path.*,store.path = \"$orbl_dir/small/orbl.db\"," "$orbl_dir/orbl.conf"
orbl_start_analyzer
for i in $(seq 1 4000); do
	orbl_denial "198.51.$((i / 250)).$((i % 250 + 1))"
done >"$orbl_dir/long"
tap_status 'a submission that does not fit is refused' 2 orbl submit "$orbl_dir/long"
tap_like 'with the reason' 'orbl.db: .*full.*make room' "$tap_output"
tap_is 'nothing of it counts' 0 "$(sqlite3 "$orbl_dir/small/orbl.db" \
	'SELECT count(*) FROM submission WHERE committed')"
tap_ok 'the analyzer still answers' orbl status
mount -o remount,size=20m "$orbl_dir/small"
tap_status 'with room made it is taken' 0 orbl submit "$orbl_dir/long"
tap_like 'whole' '4000 denials of 4000 hosts' "$tap_output"
tap_done

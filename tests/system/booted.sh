#!/bin/bash
# booted.sh - the units under a real systemd: as PID 1 of a system of its own, with a network of its
# own, in which orbl is installed and started as the README says. Needs root and a kernel that lets
# systemd boot in namespaces: make check-systemd, not make check.
. "${top_srcdir:?}/tests/tap.sh"
tap_need unshare nsenter dig nsd python3 jq

[ "$(id -u)" = 0 ] || tap_bail 'needs root'
[ -x /lib/systemd/systemd ] || tap_bail 'no systemd here'
dir=$(mktemp -d "${TMPDIR:-/tmp}/orbl-booted.XXXXXX")
chmod 755 "$dir"
unshare_pid=
init=

clean_up() {
	[ -z "$unshare_pid" ] || kill -KILL "$unshare_pid" 2>/dev/null
	wait 2>/dev/null
	[ -z "$init" ] || wait_until 5 [ ! -e "/proc/$init" ]
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

wait_until() { # SECONDS COMMAND...
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}
in_it() { # COMMAND...
	timeout 60 nsenter -t "$init" -a -- "$@"
}
as_alice() { # COMMAND...
	in_it setpriv --reuid=alice --regid="$(in_it id -g alice)" --init-groups -- "$@"
}
put() { # FILE: standard input goes there
	in_it sh -c "mkdir -p '${1%/*}' && cat >'$1'"
}
# The namespaces go with this one: unshare(1) takes PID 1 with it.
boot() {
	mkdir "$dir/root"
	setsid unshare --pid --mount --net --cgroup --ipc --uts --fork --kill-child \
		"$top_srcdir/tests/system/boot.sh" "$dir/root" "$dir/installed" \
		</dev/null >"$dir/boot.log" 2>&1 &
	unshare_pid=$!
	wait_until 20 pgrep -P "$unshare_pid" -x systemd &&
		init=$(pgrep -P "$unshare_pid" -x systemd) && wait_until 60 is_up
}
is_up() {
	in_it systemctl is-system-running | grep -Eqx 'running|degraded'
}

make -s -C "$top_builddir" install DESTDIR="$dir/installed" >"$dir/install.log" 2>&1 ||
	tap_bail "make install: $(tail -n 5 "$dir/install.log")"
systemctl -q --root="$dir/installed" enable orbl-dnsd orbl-analyzer ||
	tap_bail 'the units cannot be enabled'
boot || tap_bail "systemd does not boot here: $(tail -n 5 "$dir/boot.log")"
in_it sh -c 'mkdir /opt && cat >/opt/relay_host && chmod 755 /opt/relay_host' \
	<"$top_builddir/tests/tools/relay_host"

# --- what there is to see -------------------------------------------------------------------

option() { # NAME: its built-in value
	"$top_builddir/orbl-analyzer" -T -c "$dir/empty" 2>/dev/null | sed -n "s/^$1 = \"\(.*\)\"\$/\1/p"
}
: >"$dir/empty"
state=$(option store.path) state=${state%/*}
run=$(option control.socket) run=${run%/*}
prefix=$(sed -n 's/^prefix = //p' "$top_builddir/Makefile")
conf=$(sed -n 's/^sysconfdir = //p' "$top_builddir/Makefile")/orbl.conf
conf=${conf/#\$\{prefix\}/$prefix}
service() { # UNIT PROPERTY
	in_it systemctl show -P "$2" "$1"
}
is_active() { # UNIT...
	in_it systemctl is-active --quiet "$@"
}
main_of() { # UNIT
	service "$1" MainPID
}
child_of() { # UNIT NAME
	in_it pgrep -P "$(main_of "$1")" -x "$2"
}
answer() { # NAME TYPE [OPTION...]
	in_it dig +short +tries=1 +time=5 @127.0.0.1 "$@"
}
answers() { # WANTED NAME TYPE [OPTION...]
	[ "$(answer "${@:2}")" = "$1" ]
}
journal() { # UNIT: priority and message of each line of ours
	in_it journalctl -q -b -o json "_SYSTEMD_UNIT=$1.service" |
		jq -r 'select(.SYSLOG_IDENTIFIER | startswith("orbl")) | .PRIORITY + " " + .MESSAGE'
}
journal_has() { # UNIT REGEX
	journal "$1" | grep -Eq -- "$2"
}
kill_it() { # PID
	in_it kill -KILL "$1"
}
is_another() { # UNIT PID: it runs, as another process
	is_active "$1" && [ "$(main_of "$1")" != "$2" ]
}

# --- a boot ---------------------------------------------------------------------------------

tap_ok 'both run after a boot' is_active orbl-dnsd.socket orbl-dnsd orbl-analyzer
tap_ok 'and answer' wait_until 5 answers 127.0.0.2 2.0.0.127.dnsbl.test A
tap_is 'without a restart' '0 0' "$(service orbl-dnsd NRestarts) $(service orbl-analyzer NRestarts)"
in_it systemctl -q disable --now orbl-analyzer orbl-dnsd orbl-dnsd.socket
in_it sh -c "rm -f $state/*"

# --- the first start, without a configuration -----------------------------------------------

tap_like 'the user is made at boot' "^orbl:.*:$state:.*nologin" "$(in_it getent passwd orbl)"
in_it useradd -m alice
in_it usermod -a -G orbl alice
tap_ok 'the sockets are enabled' in_it systemctl enable --now orbl-dnsd.socket
tap_is 'which does not start the daemon' inactive "$(service orbl-dnsd ActiveState)"
tap_like 'a query does, and nothing is listed before there is a list' 'SERVFAIL' \
	"$(in_it dig +tries=1 +time=5 @127.0.0.1 2.0.0.127.dnsbl.test)"
tap_ok 'it is ready' wait_until 5 is_active orbl-dnsd
tap_ok 'the analyzer is started' in_it systemctl enable --now orbl-dnsd orbl-analyzer
tap_ok 'which has published a list' wait_until 10 answers 127.0.0.2 2.0.0.127.dnsbl.test A
tap_ok 'also by IPv6 and TCP' [ -n "$(in_it dig +short +tcp @::1 _status.dnsbl.test TXT)" ]
tap_is 'all of the state is orbl'"'"'s alone' '' \
	"$(in_it find "$state/" -type f '(' ! -user orbl -o -perm /077 ')')"
tap_is 'the sockets are of the group' '2 660 orbl orbl' \
	"$(in_it sh -c "stat -c '%a %U %G' $run/*.sock" | sort | uniq -c | sed 's/^ *//')"
tap_ok 'a user of the group asks the analyzer' as_alice orbl status
tap_ok 'and the server' as_alice orbl dnsd zones
tap_status 'others do not' 2 in_it setpriv --reuid=nobody --clear-groups -- orbl status

# --- when something dies --------------------------------------------------------------------

for unit in orbl-dnsd orbl-analyzer; do
	pid=$(main_of $unit)
	kill_it "$pid"
	tap_ok "$unit is there again when it was killed" wait_until 12 is_another $unit "$pid"
done
pid=$(main_of orbl-analyzer)
kill_it "$(in_it pgrep -P "$pid")"
tap_ok 'so it is when its prober was' wait_until 12 is_another orbl-analyzer "$pid"
for _ in {1..7}; do
	pid=$(main_of orbl-dnsd)
	kill_it "$(child_of orbl-dnsd orbl-query)"
	wait_until 5 is_another orbl-dnsd "$pid"
done
tap_ok 'a server that dies each second is not given up' wait_until 5 is_active orbl-dnsd
tap_ok 'nor are its sockets' is_active orbl-dnsd.socket
tap_ok 'it answers' wait_until 5 answers 127.0.0.2 2.0.0.127.dnsbl.test A

# --- a wrong configuration ------------------------------------------------------------------

echo 'dnsd.listn = {"127.0.0.1@53"}' | put "$conf"
tap_ok 'a wrong configuration is nothing to a reload' in_it systemctl reload orbl-dnsd
tap_ok 'which answers as before' answers 127.0.0.2 2.0.0.127.dnsbl.test A
for unit in orbl-dnsd orbl-analyzer; do
	tap_status "$unit: the restart fails" 1 in_it systemctl restart $unit
	tap_ok "$unit: the journal has the line, as an error" \
		wait_until 3 journal_has $unit '^3 .*orbl.conf:1: there is no option "dnsd.listn"'
done
in_it rm "$conf"
tap_ok 'mended, both are there' wait_until 12 is_active orbl-dnsd orbl-analyzer
tap_ok 'and answer' wait_until 5 answers 127.0.0.2 2.0.0.127.dnsbl.test A

# --- all features ---------------------------------------------------------------------------

secret=$(head -c 32 /dev/urandom | base64)
(umask 077 && printf 'hmac-sha256:second.test:%s\n' "$secret") | put /etc/orbl/transfer.keys
in_it chmod 600 /etc/orbl/transfer.keys
printf '[Service]\nLoadCredential=transfer.keys:/etc/orbl/transfer.keys\n' |
	put /etc/systemd/system/orbl-dnsd.service.d/keys.conf
echo '192.0.2.7' | put /etc/lists/bad
put /etc/orbl/asn.mmdb <"$top_srcdir/tests/samples/geo/GeoLite2-ASN-Test.mmdb"
put "$conf" <<END
collector.listen = "127.0.0.25@25"
probe.source = "127.0.0.77"
probe.allow = {"127.0.0.0/8"}
probe.wait = 5s
score.new_trust = 100
geo.asn = "/etc/orbl/asn.mmdb"
delist.resolver = "127.0.0.9@53"
notify.spool = "$state/spool"
notify.contacts = "contacts.test"
notify.from = "list@list.test"
syslog.udp = {"127.0.0.1@514"}
reporter "mx1" { }
reporter "mx2" { syslog_from = {"127.0.0.102"} }
dnsd.zones = {"dnsbl.test=snapshot:$state/orbl.snapshot",
	"data.test=rbldnsd:ip4set:/etc/lists/bad", "in.test=transfer:$state/in.snapshot"}
dnsd.metrics = {"127.0.0.1@9153"}
dnsd.query_log = "$state/query.log"
dnsd.query_log_sample = 1
dnsd.statistics_file = "$state/statistics"
dnsd.statistics_interval = 1
access.keys = "$state/keys"
transfer.keys = "/run/credentials/orbl-dnsd.service/transfer.keys"
transfer.allow = {"dnsbl.test 127.0.0.9 second.test"}
transfer.notify = {"dnsbl.test 127.0.0.9 second.test"}
transfer.primaries = {"in.test 127.0.0.9"}
transfer.source = "127.0.0.1"
END
put /etc/nsd/in.zone <<'END'
$ORIGIN in.test.
$TTL 300
@ SOA ns.in.test. h.in.test. 7 3600 600 86400 300
@ NS ns.in.test.
9.2.0.192 A 127.0.0.2
END
put /etc/nsd/contacts.zone <<'END'
$ORIGIN contacts.test.
$TTL 300
@ SOA ns.in.test. h.in.test. 7 3600 600 86400 300
@ NS ns.in.test.
1.20.0.127 TXT "abuse@isp.test"
END
put /etc/nsd/orbl.conf <<END
server:
 server-count: 1
 ip-address: 127.0.0.9
 username: ""
 zonesdir: /etc/nsd
 xfrdfile: /run/nsd.xfrd
 xfrdir: /run
 zonelistfile: /run/nsd.list
 database: ""
 pidfile: ""
remote-control:
 control-enable: no
key:
 name: second.test
 algorithm: hmac-sha256
 secret: "$secret"
zone:
 name: dnsbl.test
 zonefile: dnsbl.test
 request-xfr: 127.0.0.1 second.test
 allow-notify: 127.0.0.1 second.test
 outgoing-interface: 127.0.0.9
zone:
 name: contacts.test
 zonefile: contacts.zone
zone:
 name: in.test
 zonefile: in.zone
 provide-xfr: 127.0.0.1 NOKEY
END
echo 'relay_flags = absent' | put /etc/relay
in_it systemd-run -q --unit=second nsd -d -c /etc/nsd/orbl.conf
in_it systemd-run -q --unit=relay /opt/relay_host --smarthost 127.0.0.25:25 --port 25 \
	127.0.20.1=/etc/relay
in_it systemctl daemon-reload
in_it install -d -o orbl -g orbl "$state/spool"
tap_ok 'a query key is made' in_it orbl dnsd key add alice.example
key=$(printf '%s\n' "$tap_output" | grep -oE '\b[a-z2-7]{26}\b' | head -n 1)
tap_ok 'both start with all of it' in_it systemctl restart orbl-dnsd orbl-analyzer
tap_ok 'data of rbldnsd' wait_until 5 answers 127.0.0.2 7.2.0.192.data.test A
tap_ok 'a zone from its primary' wait_until 10 answers 127.0.0.2 9.2.0.192.in.test A
tap_ok 'kept in a file' in_it test -s "$state/in.snapshot"
tap_ok 'a query with a key' wait_until 5 answers 127.0.0.2 "7.2.0.192.$key.data.test" A
denial() { # REPORTER RECIPIENT
	printf '%s %s postfix/smtpd[4711]: NOQUEUE: reject: RCPT from unknown[127.0.20.1]: ' \
		"$(date -u +%Y-%m-%dT%H:%M:%S.%6N+00:00)" "$1"
	printf '554 5.7.1 <%s@elsewhere.example>: Relay access denied; ' "$2"
	printf 'from=<s@sender.example> to=<%s@elsewhere.example> proto=ESMTP helo=<m>\n' "$2"
}
send_syslog() {
	denial mx2 "$1" | sed 's/^/<22>/' | tr -d '\n' | in_it python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.102", 0))
s.sendto(sys.stdin.buffer.read(), ("127.0.0.1", 514))'
}
{ denial mx1 a; denial mx1 b; } | put /srv/alice/mail.log
tap_ok 'a user of the group submits a log' as_alice orbl submit --reporter mx1 /srv/alice/mail.log
tap_ok 'a message of syslog' send_syslog a
tap_ok 'and another' send_syslog b
tap_ok 'the host is probed from the source, found open, and listed' \
	wait_until 30 answers 127.0.0.2 1.20.0.127.dnsbl.test A
secondary_has_it() {
	[ "$(in_it dig +short +tries=1 +time=2 @127.0.0.9 1.20.0.127.dnsbl.test A)" = 127.0.0.2 ]
}
tap_ok 'a secondary has it, by a signed transfer' wait_until 15 secondary_has_it
tap_like 'the metrics' '^orbl_dnsd_' "$(in_it python3 -c 'import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9153/metrics").read().decode())')"
tap_ok 'the query log' in_it grep -q '1.20.0.127' "$state/query.log"
tap_ok 'the statistics' wait_until 3 in_it test -s "$state/statistics"
tap_ok 'the audit log has it' in_it grep -q '127.0.20.1' "$state/audit.jsonl"
tap_ok 'and the contact a notice, that another job delivers' \
	wait_until 10 in_it sh -c "grep -q abuse@isp.test '$state'/spool/*.eml"
in_it systemctl stop relay
tap_ok 'another list is loaded at a reload' in_it sh -c \
	'echo 192.0.2.8 >>/etc/lists/bad; systemctl reload orbl-dnsd'
tap_ok 'and answered' wait_until 5 answers 127.0.0.2 8.2.0.192.data.test A
for name in orbl-transfer orbl-observer; do
	kill_it "$(child_of orbl-dnsd $name)"
	tap_ok "$name is there again when it was killed" wait_until 5 child_of orbl-dnsd $name
done
tap_is 'nothing was forbidden that was needed' '' "$(journal orbl-dnsd | grep -i 'not permitted')$(
	journal orbl-analyzer | grep -i 'not permitted')"

# --- the end --------------------------------------------------------------------------------

begin=$(date +%s%3N)
tap_ok 'both are stopped' in_it systemctl stop orbl-analyzer orbl-dnsd orbl-dnsd.socket
tap_ok 'within two seconds' [ $(($(date +%s%3N) - begin)) -lt 2000 ]
tap_is 'cleanly' 'success success' "$(service orbl-dnsd Result) $(service orbl-analyzer Result)"
tap_done

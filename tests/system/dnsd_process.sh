#!/bin/bash
# dnsd_process.sh - the processes of orbl-dnsd, seen from outside: what each may do, and what happens
# when one dies.
. "${top_srcdir:?}/tests/system/dnsd_lib.sh"

zone=dnsbl.test
children='orbl-query orbl-transfer orbl-observer'
mkdir "$dir/data" "$dir/run"
chmod 755 "$dir"
[ "$(id -u)" != 0 ] || chown nobody "$dir/run"
echo '192.0.2.99 relay' | "$make_snapshot" "$dir/data/list" $zone 42
cat >"$dir/orbl.conf" <<CONF
dnsd.zones = {"$zone=snapshot:$dir/data/list"}
dnsd.control_socket = "$dir/run/dnsd.sock"
dnsd.check_interval = 1
dnsd.workers = 2
dnsd.metrics = {"127.0.0.1@$((32000 + RANDOM % 700))"}
dnsd.query_log = "$dir/run/queries"
dnsd.amplification = 0
access.quota = 3
access.exempt = {"127.0.0.1"}
transfer.allow = {"$zone 127.0.0.0/8"}
CONF
start() {
	dnsd_start -c "$dir/orbl.conf"
}

status() { # PID FIELD
	awk -v field="$2:" '$1 == field { $1 = ""; print substr($0, 2) }' "/proc/$1/status"
}

has_child() { # NAME
	[ -n "$(dnsd_child "$1")" ]
}

is_gone() { # PID... A zombie is gone, too: who waits for it is not us.
	local pid
	for pid; do
		case $(status "$pid" State 2>/dev/null) in '' | Z*) ;; *) return 1 ;; esac
	done
}

# --- rights ---------------------------------------------------------------------------

# What is open besides standard error, each kind once.
descriptors() { # PID
	local fd
	for fd in "/proc/$1/fd"/*; do
		[ "${fd##*/}" = 2 ] || readlink "$fd"
	done | sed 's/:\[[0-9]*\]$//; s/^anon_inode:\[\(.*\)\]$/\1/' |
		grep -vxE 'socket|eventpoll|eventfd|signalfd|/dev/null' | sort -u | paste -sd ' '
}

is_listening_tcp() { # PID
	local inode
	for inode in $(find "/proc/$1/fd" -printf '%l\n' | sed -n 's/^socket:\[\(.*\)\]$/\1/p'); do
		awk -v inode="$inode" '$4 == "0A" && $10 == inode { n++ } END { exit !n }' \
			/proc/net/tcp && return 0
	done
	return 1
}

check_rights() { # WHO UID
	local name pid task
	for name in keeper $children; do
		pid=$dnsd_pid
		[ "$name" = keeper ] || pid=$(dnsd_child "$name")
		tap_is "$1: $name: its user" "$2 $2 $2 $2" "$(status "$pid" Uid)"
		tap_is "$1: $name: no capabilities" 0000000000000000/0000000000000000 \
			"$(status "$pid" CapEff)/$(status "$pid" CapPrm)"
		tap_is "$1: $name: no further groups" '' "$(status "$pid" Groups | tr -d ' ')"
		for task in /proc/"$pid"/task/*; do
			tap_is "$1: $name: no new rights, and a filter, in each thread" 1/2 \
				"$(status "$pid/task/${task##*/}" NoNewPrivs)/$(
					status "$pid/task/${task##*/}" Seccomp)"
		done
	done
	tap_is "$1: the query process has its workers and a main thread" 3 \
		"$(status "$(dnsd_child orbl-query)" Threads)"
	tap_is "$1: it has no file open" '' "$(descriptors "$(dnsd_child orbl-query)")"
	tap_is "$1: nor has the transfer process" '' "$(descriptors "$(dnsd_child orbl-transfer)")"
	tap_is "$1: the observer has the query log" "$dir/run/queries" \
		"$(descriptors "$(dnsd_child orbl-observer)")"
	tap_ok "$1: who answers listens" is_listening_tcp "$(dnsd_child orbl-query)"
	tap_status "$1: the transfer process does not" 1 \
		is_listening_tcp "$(dnsd_child orbl-transfer)"
	for name in $children; do
		tap_is "$1: $name: no core, no process" '0 0 0 0' "$(
			awk '/^Max core file size/ { c = $5 " " $6 }
				/^Max processes/ { p = $3 " " $4 } END { print c, p }' \
				"/proc/$(dnsd_child "$name")/limits")"
	done
}

check_roots() {
	local name pid
	for name in $children; do
		pid=$(dnsd_child "$name")
		tap_ok "root: $name: its root is not ours" \
			test "$(readlink "/proc/$pid/root")" != /
		tap_is "root: $name: nothing is in it but its own descriptors" '' \
			"$(find "/proc/$pid/root/" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -vE '^[0-9]+$')"
	done
}

start
if [ "$(id -u)" = 0 ]; then
	check_rights root "$(id -u nobody)"
	check_roots
else
	check_rights user "$(id -u)"
fi
tap_is 'it answers' 127.0.0.2 "$(ask_short 99.2.0.192.$zone A)"
tap_like 'and transfers' "^$zone\\." "$(ask $zone AXFR)"
echo '192.0.2.99 relay' | "$make_snapshot" "$dir/data/list" $zone 43
tap_like 'new data are in service when the reload says so' '"ok":true.*43.*' \
	"$("$control_send" "$dir/run/dnsd.sock" '{"cmd": "reload"}' |
		tr '\n' ' ')$(ask_short $zone SOA | cut -d' ' -f3)"

# --- deaths ------------------------------------------------------------------------------

# What they leave behind is seen by who watches.
troubles() {
	"$top_builddir/orbl" dnsd status -c "$dir/orbl.conf" | sed -n 's/^trouble *//p'
}
over_quota() {
	ask 99.2.0.192.$zone A +tcp -b 127.0.0.9 | grep -q 'EDE: 18 .*over quota'
}
tap_is 'no process is in trouble' '' "$(troubles)"
for _ in 1 2 3 4 5 6; do ask 99.2.0.192.$zone A +tcp -b 127.0.0.9 >/dev/null; done
tap_ok 'a quota is used up' wait_until 20 over_quota

# They come back, and answers go on meanwhile.
for child in orbl-transfer orbl-observer; do
	was=$(dnsd_child "$child")
	kill -KILL "$was"
	tap_is "without $child it answers" 127.0.0.2 "$(ask_short 99.2.0.192.$zone A)"
	tap_ok "the log tells that $child is gone" wait_until 30 log_has \
		"error: the ${child#orbl-}.* was ended by signal 9 \\(Killed\\); starting it again in 1 s"
	is_back() {
		has_child "$child" && [ "$(dnsd_child "$child")" != "$was" ]
	}
	tap_ok "$child is started again" wait_until 30 is_back
	tap_like 'orbl dnsd status says so' "^the ${child#orbl-}.* has died 1 time, and " "$(troubles)"
	tap_is "$child has no more rights than before" "1/2" \
		"$(status "$(dnsd_child "$child")" NoNewPrivs)/$(status "$(dnsd_child "$child")" Seccomp)"
done
transfers() {
	ask $zone AXFR | grep -q "^$zone\\."
}
tap_ok 'the new transfer process has all data' wait_until 30 transfers
tap_ok 'the quota is used up as before' over_quota

# Connections that it has at its end: what waits for it is answered by the next one, what it was
# serving is closed.
transfer_pid=$(dnsd_child orbl-transfer)
exec 8<>"/dev/tcp/127.0.0.1/$port"
printf '%b' '\x00\x1c\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00' \
	'\x05dnsbl\x04test\x00\x00\xfc\x00\x01' >&8
tap_is 'a connection is with the transfer process' 1234 "$(
	timeout 20 dd bs=1 skip=2 count=2 <&8 2>/dev/null | od -An -tx1 | tr -d ' \n')"
kill -STOP "$transfer_pid"
ask $zone AXFR +time=60 >"$dir/axfr" &
ask_pid=$!
other_pids="$other_pids $ask_pid"
sleep 0.5 # until it has asked
kill -KILL "$transfer_pid"
timeout 20 cat <&8 >/dev/null 2>&1
tap_ok 'its end closes the connection' [ $? != 124 ]
exec 8>&-
wait "$ask_pid"
tap_ok 'what waited for it is answered by the next one' grep -q "^$zone\." "$dir/axfr"

pids=$(cat "/proc/$dnsd_pid/task/$dnsd_pid/children")
kill -TERM "$dnsd_pid"
wait "$dnsd_pid"
tap_is 'SIGTERM is a clean end' 0 "$?"
# shellcheck disable=SC2086
tap_ok 'of all processes at once' is_gone $pids
tap_ok 'the control socket is gone' [ ! -e "$dir/run/dnsd.sock" ]

start
pids=$(cat "/proc/$dnsd_pid/task/$dnsd_pid/children")
kill -KILL "$(dnsd_child orbl-query)"
wait "$dnsd_pid"
tap_is 'without the query process the daemon ends with status 1' 1 "$?"
tap_ok 'the log says why' log_has \
	'error: the query process is lost: it has ended, and was ended by signal 9 \(Killed\)'
# shellcheck disable=SC2086
tap_ok 'and nobody stays' wait_until 30 is_gone $pids

start
pids=$(cat "/proc/$dnsd_pid/task/$dnsd_pid/children")
kill -KILL "$dnsd_pid"
wait "$dnsd_pid" 2>/dev/null
# shellcheck disable=SC2086
tap_ok 'with the keeper all end' wait_until 30 is_gone $pids
dnsd_pid=

# A process that does not listen to its end is killed.
start
kill -STOP "$(dnsd_child orbl-transfer)"
pids=$(cat "/proc/$dnsd_pid/task/$dnsd_pid/children")
dnsd_stop TERM
tap_is 'a child that hangs does not hold up the end' 0 "$dnsd_status"
# shellcheck disable=SC2086
tap_ok 'and does not stay' is_gone $pids

# --- what cannot be read --------------------------------------------------------------------

if [ "$(id -u)" = 0 ]; then
	option='\(dnsd.user\)'
	chmod 600 "$dir/data/list"
	rm "$dir/data/list.prev"
	start
	denied='/data/list: cannot open: Permission denied; user nobody .* needs the right to read it'
	tap_ok 'a snapshot for root alone: file, reason, user and remedy' log_has \
		"error: zone $zone: .*$denied"
	tap_asked 'and SERVFAIL' 'SERVFAIL - 0 0' 99.2.0.192.$zone A
	chmod 644 "$dir/data/list"
	tap_ok 'readable, it is served' wait_until 30 log_has "serving $dir/data/list"
	dnsd_stop TERM
	echo 192.0.2.1 >"$dir/data/set"
	chmod 600 "$dir/data/set"
	dnsd_start --zone "other.test=rbldnsd:ip4set:$dir/data/set"
	tap_ok 'a data set: the same' log_has \
		"Permission denied.*; user nobody $option needs the right to read .*/data/set"
	dnsd_stop TERM
	echo 'dnsd.user = "nosuch"' >"$dir/bad.conf"
	tap_status 'a user that is not there' 1 "$dnsd" -T -c "$dir/bad.conf"
	tap_like 'is named' 'dnsd.user: there is no user "nosuch"' "$tap_output"
	echo 'dnsd.user = "root"' >"$dir/bad.conf"
	tap_status 'root is none' 1 "$dnsd" -T -c "$dir/bad.conf"
	tap_like 'and the message says so' 'dnsd.user must not be root' "$tap_output"
fi

# --- without root ------------------------------------------------------------------------------

if [ "$(id -u)" = 0 ]; then
	printf '#!/bin/sh\nexec setpriv --reuid=65533 --regid=65533 --clear-groups -- "%s" "$@"\n' \
		"$dnsd" >"$dir/as_user"
	chmod 755 "$dir/as_user"
	rm -rf "$dir/run"
	mkdir "$dir/run"
	chown 65533 "$dir/run"
	dnsd=$dir/as_user start
	check_rights user 65533
	tap_is 'user: it answers' 127.0.0.2 "$(ask_short 99.2.0.192.$zone A)"
	dnsd_stop TERM
	tap_is 'user: a clean end' 0 "$dnsd_status"
fi
tap_done

#!/bin/bash
# probe_sandbox.sh - the process that talks to hosts under test has no rights: seen from outside,
# in /proc, while it talks to one.
. "${top_srcdir:?}/tests/tap.sh"

orbl=${top_builddir:?}/orbl
net=127.25.9
port=2625
work=$(mktemp -d)
servers='' parent=''
stop() {
	[ -z "$parent" ] || { kill "$parent" && wait "$parent"; } 2>/dev/null
	exec 9>&-
	[ -z "$servers" ] || wait "$servers"
	rm -rf "$work"
}
trap stop EXIT
chmod 755 "$work"

# Says nothing after the connection: the prober waits for its greeting.
start_server() {
	mkfifo "$work/fifo"
	python3 "$top_srcdir/tests/tools/smtp_script.py" "$net.1:$port" probe.test "$work/report" \
		"silent=$net.11:$port" <"$work/fifo" >"$work/ready" &
	servers=$!
	exec 9>"$work/fifo"
	for _ in {1..100}; do
		! grep -q ready "$work/ready" || return 0
		sleep 0.1
	done
	tap_bail 'the scripted server does not start'
}

# Sets $parent, and $child, which is talking then.
start_probe() { # COMMAND-THAT-RUNS-IT...
	"$@" "$orbl" probe -c "$work/conf" --collector "$net.1:$port" --allow 127.0.0.0/8 \
		"$net.11:$port" >"$work/out" 2>&1 9>&- &
	parent=$!
	for _ in {1..100}; do
		child=$(ps -o pid= --ppid "$parent" | tr -d ' ')
		[ -z "$child" ] || ! grep -q 'connecting to' "$work/out" || return 0
		sleep 0.1
	done
	tap_bail "no prober: $(cat "$work/out")"
}

stop_probe() {
	kill "$parent"
	wait "$parent" 2>/dev/null
	parent=
	for _ in {1..50}; do
		[ -d "/proc/$child" ] || break
		sleep 0.1
	done
	tap_ok "$1: it ends with the command" test ! -d "/proc/$child"
}

status() { # FIELD
	awk -v field="$1:" '$1 == field { $1 = ""; print substr($0, 2) }' "/proc/$child/status"
}

limit() { # NAME: soft and hard
	awk -v name="$1" 'index($0, name) == 1 { sub(name, ""); print $1, $2 }' "/proc/$child/limits"
}

# What its descriptors are, each kind once: the pipe to its parent, two ends of nothing, standard
# error, and sockets.
descriptors() {
	local fd
	for fd in "/proc/$child/fd"/*; do
		readlink "$fd"
	done | sed 's/:\[[0-9]*\]$//; s/^anon_inode:\[\(.*\)\]$/\1/' | sort -u
}

check_rights() { # WHO UID
	tap_is "$1: its user" "$2 $2 $2 $2" "$(status Uid)"
	tap_is "$1: no further groups" '' "$(status Groups | tr -d ' ')"
	tap_is "$1: no capabilities" '0000000000000000 0000000000000000 0000000000000000' \
		"$(status CapPrm) $(status CapEff) $(status CapInh)"
	tap_is "$1: can get no new rights" 1 "$(status NoNewPrivs)"
	tap_is "$1: its system calls are filtered" 2 "$(status Seccomp)"
	tap_is "$1: can write no file, dump no core, start no process" '0 0 0 0 0 0' \
		"$(limit 'Max file size') $(limit 'Max core file size') $(limit 'Max processes')"
	tap_is "$1: is one thread" 1 "$(status Threads)"
	tap_is "$1: nothing is open but sockets and what waits for them" '' "$(descriptors |
		grep -vxE "/dev/null|$work/out|socket|pipe|eventpoll|eventfd|timerfd")"
	tap_is "$1: no file of ours is open but its standard error" 1 \
		"$(find "/proc/$child/fd" -lname "$work/*" | wc -l)"
}

# Its root is a folder without files of this system.
check_root() {
	local root
	root=$(readlink "/proc/$child/root")
	tap_ok "root: its root is not ours ($root)" test "$root" != /
	tap_is 'root: there is nothing to open' no \
		"$([ -e "/proc/$child/root/etc" ] || [ -e "/proc/$child/root/proc" ] && echo yes || echo no)"
	tap_is 'root: it is in it' "$root" "$(readlink "/proc/$child/cwd")"
}

printf 'probe.reply_timeout = 60\n' >"$work/conf"
start_server
if [ "$(id -u)" = 0 ]; then
	start_probe env
	check_rights root "$(id -u nobody)"
	check_root
	stop_probe root
	# Not root: it stays who it is, and the rest is the same.
	start_probe setpriv --reuid=65533 --regid=65533 --clear-groups --
	check_rights user 65533
	stop_probe user
else
	start_probe env
	check_rights user "$(id -u)"
	stop_probe user
fi
tap_done

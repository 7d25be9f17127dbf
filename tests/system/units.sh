#!/bin/bash
# units.sh - the units of systemd: that systemd understands them, and how much they let the programs
# do. Then the daemon as systemd would start it: with its sockets, telling how it is.
. "${top_srcdir:?}/tests/system/dnsd_lib.sh"
tap_need systemd-analyze

units='dnsd/orbl-dnsd.service dnsd/orbl-dnsd.socket analyzer/orbl-analyzer.service'
mkdir "$dir/units"
for unit in $units; do
	# Neither the programs nor the pages are installed.
	sed -e '/^Documentation=/d' -e 's,^ExecStart=[^ ]*,ExecStart=/bin/true,' \
		"$top_builddir/$unit" >"$dir/units/${unit##*/}"
	tap_like "$unit: no path is left open" '^0$' "$(grep -c '@[a-z]*@' "$top_builddir/$unit")"
done
# Of 10, tenths.
exposure() { # UNIT
	systemd-analyze security --offline=true --no-pager "$dir/units/$1" 2>/dev/null |
		sed -n 's/.*Overall exposure level.*: \([0-9]*\)\.\([0-9]\).*/\1\2/p'
}
tap_is 'systemd finds no fault' '' "$(cd "$dir/units" &&
	systemd-analyze --man=no verify ./*.service ./*.socket 2>&1 |
	grep -v 'system call list')"

for unit in orbl-dnsd orbl-analyzer; do
	user=$(sed -n 's/^User=//p' "$dir/units/$unit.service")
	# Nobody but root can enter the directories of a dynamic one.
	tap_is "$unit: its user is made at the installation" 1 \
		"$(grep -c "^u $user - " "$top_builddir/feeds/orbl-user.conf")"
	tap_is "$unit: is no dynamic one" 0 "$(grep -c '^DynamicUser=' "$dir/units/$unit.service")"
	tap_is "$unit: a start fails when the daemon does not get ready" 1 \
		"$(grep -c '^Type=notify$' "$dir/units/$unit.service")"
	tap_is "$unit: a start may take its time" 1 \
		"$(grep -c '^TimeoutStartSec=infinity$' "$dir/units/$unit.service")"
	tap_is "$unit: has files enough" 1 "$(grep -c '^LimitNOFILE=' "$dir/units/$unit.service")"
done
tap_is 'orbl-dnsd, however often it dies, is not given up' 1 \
	"$(grep -c '^StartLimitIntervalSec=0$' "$dir/units/orbl-dnsd.service")"

# --- what the units may write, and what the built-in options want to -------------------------

writable() { # UNIT: directories, systemd's own among them
	sed -n -e 's,^StateDirectory=,/var/lib/,p' -e 's,^RuntimeDirectory=,/run/,p' \
		-e 's,^ReadWritePaths=,,p' "$top_builddir/$1" | tr ' ' '\n'
}
not_writable() { # UNIT PATH...
	local unit=$1 path
	shift
	for path in "$@"; do
		path=${path/#\/var\/run\//\/run\/}
		writable "$unit" | grep -Fqx -- "${path%/*}" || echo "$path"
	done
}
: >"$dir/empty"
built_in() { # OPTION...
	local option
	for option in "$@"; do
		"$dnsd" -T -c "$dir/empty" 2>/dev/null | sed -n "s/^$option = \"\(.*\)\"\$/\1/p"
	done
}
mapfile -t paths < <(built_in dnsd.control_socket)
tap_is 'the built-in control socket is known' 1 "${#paths[@]}"
tap_is 'orbl-dnsd may write where its control socket is' '' \
	"$(not_writable dnsd/orbl-dnsd.service "${paths[@]}")"
mapfile -t paths < <(built_in control.socket store.path zone.snapshot audit.file audit.key)
tap_ok 'the built-in paths of orbl-analyzer are known' [ "${#paths[@]}" = 5 ]
tap_is 'orbl-analyzer may write all of them' '' \
	"$(not_writable analyzer/orbl-analyzer.service "${paths[@]}")"
for unit in dnsd/orbl-dnsd.service analyzer/orbl-analyzer.service; do
	for directory in $(sed -n 's,^ReadWritePaths=,,p' "$top_builddir/$unit"); do
		tap_is "$unit: $directory is made, and its user's" 2 \
			"$(grep -c "^ExecStartPre=+.* $directory\\( \|\$\\)" "$top_builddir/$unit")"
	done
	tap_is "$unit: no file of configuration has to be there" 0 \
		"$(grep -c '^ExecStart=.* -c' "$top_builddir/$unit")"
done

dnsd_exposure=$(exposure orbl-dnsd.service)
analyzer_exposure=$(exposure orbl-analyzer.service)
tap_note "exposure in tenths: orbl-dnsd $dnsd_exposure, orbl-analyzer $analyzer_exposure"
tap_ok 'exposure of orbl-dnsd is at most 1.2' [ "${dnsd_exposure:-99}" -le 12 ]
tap_ok 'exposure of orbl-analyzer is at most 1.6' [ "${analyzer_exposure:-99}" -le 16 ]

# --- as systemd starts it ----------------------------------------------------------------

# As root the port is one that the daemon, which is nobody then, could not have.
zone=dnsbl.test
port=$((20000 + RANDOM % 12000))
[ "$(id -u)" != 0 ] || port=$((600 + RANDOM % 300))
chmod 755 "$dir"
echo '192.0.2.99 relay' | "$make_snapshot" "$dir/list" $zone 42
as_nobody=()
[ "$(id -u)" != 0 ] || as_nobody=("$(command -v setpriv)" --reuid=65534 --regid=65534 --clear-groups
	--bounding-set=-all --)
activate() { # ADDR SOCKETS [ARGUMENT...]
	local address=$1 sockets=$2
	shift 2
	rm -f "$dir/told"
	python3 "$top_srcdir/tests/system/activation.py" "$address" "$port" "$sockets" "$dir/told" \
		"${as_nobody[@]}" "$dnsd" --workers 3 --zone "$zone=snapshot:$dir/list" \
		--control "$dir/sock" "$@" 2>"$dir/log" &
	other_pids=$!
}
told() { # LINE-REGEX
	grep -Eqx -- "$1" "$dir/told" 2>/dev/null
}
answers() {
	[ "$(ask_short 99.2.0.192.$zone A "$@")" = 127.0.0.2 ]
}

for sockets in 1 2 3; do
	activate 127.0.0.1 $sockets --listen "127.0.0.1@$port"
	tap_ok "$sockets sockets: it tells that it is ready" wait_until 20 told 'READY=1'
	dnsd_pid=$(sed -n 's/^pid //p' "$dir/told")
	good=0
	for _ in {1..24}; do
		! answers || good=$((good + 1))
		! answers +tcp || good=$((good + 1))
	done
	tap_is "$sockets sockets: all of it is answered, UDP and TCP" 48 "$good"
	tap_is "$sockets sockets: the daemon has no right to bind" 0000000000000000 \
		"$(awk '$1 == "CapEff:" { print $2 }' "/proc/$dnsd_pid/status")"
	kill -HUP "$dnsd_pid"
	tap_ok 'a reload is told' wait_until 5 told 'RELOADING=1 MONOTONIC_USEC=[0-9]+'
	twice() {
		[ "$(grep -c '^READY=1' "$dir/told")" = 2 ]
	}
	tap_ok 'and its end' wait_until 5 twice
	kill -TERM "$dnsd_pid"
	dnsd_pid=
	wait "$other_pids"
	tap_is 'a clean end' 0 "$?"
	tap_ok 'which is told, too' told 'STOPPING=1'
done

activate 127.0.0.1 1 --listen "127.0.0.2@$((port + 20000))"
wait "$other_pids"
tap_is 'a socket that dnsd.listen does not name is refused' 1 "$?"
tap_ok 'with address and remedy' log_has \
	"passes a socket on 127.0.0.1:$port, which neither dnsd.listen nor transfer.tls_listen names"
if [ -e /proc/net/if_inet6 ]; then
	mapped=yes activate :: 1 --listen "::@$port"
	wait "$other_pids"
	tap_is 'so is one for IPv4 and IPv6' 1 "$?"
	tap_ok 'with the remedy' log_has 'BindIPv6Only=ipv6-only'
fi
other_pids=

# --- the analyzer ------------------------------------------------------------------------

cat >"$dir/orbl.conf" <<END
control.socket = "$dir/analyzer.sock"
store.path = "$dir/orbl.db"
audit.file = "$dir/audit.jsonl"
audit.key = "$dir/audit.key"
zone.snapshot = "$dir/orbl.snapshot"
dnsd.control_socket = "$dir/sock"
collector.listen = "127.0.0.1@$port"
END
analyze() {
	rm -f "$dir/told"
	python3 "$top_srcdir/tests/system/activation.py" 127.0.0.1 0 0 "$dir/told" \
		"$top_builddir/orbl-analyzer" -c "$dir/orbl.conf" 2>"$dir/log" &
	other_pids=$!
}
analyze
tap_ok 'the analyzer tells that it is ready' wait_until 20 told 'READY=1'
kill -TERM "$(sed -n 's/^pid //p' "$dir/told")"
wait "$other_pids"
tap_is 'and ends cleanly' 0 "$?"
tap_ok 'which is told, too' told 'STOPPING=1'
echo 'zone.nmae = "x"' >>"$dir/orbl.conf"
analyze
wait "$other_pids"
tap_is 'one that cannot start' 1 "$?"
tap_is 'tells nothing' 0 "$(grep -c '=' "$dir/told")"
other_pids=

# A pipe is the journal here, as its number says.
in_journal() { # COMMAND...
	python3 -c '
import os, subprocess, sys
r, w = os.pipe()
st = os.fstat(w)
os.environ["JOURNAL_STREAM"] = "%d:%d" % (st.st_dev, st.st_ino)
subprocess.run(sys.argv[1:], stderr=w)
os.close(w)
print(os.read(r, 4096).decode(), end="")' "$@"
}
for program in orbl-dnsd orbl-analyzer; do
	tap_like "$program: why it does not start is an error in the journal" \
		'^<3>.*/orbl.conf:8: there is no option "zone.nmae"' \
		"$(in_journal "$top_builddir/$program" -c "$dir/orbl.conf")"
done
tap_done

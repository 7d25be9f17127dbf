# mta_lab.sh - real Postfix servers in a test, several side by side, none installed: source it.
# mta_more.sh has other kinds of servers.
#
#	lab_fetch [PACKAGE...]                 unpacked under $ORBL_LAB_DIR; default: postfix
#	lab_postfix_start NAME ADDR[:PORT] [main.cf LINE...]    also on [$lab_addr6]:25 if set
#	lab_postfix_reconfigure NAME LINE...   further lines, and a restart
#	lab_postfix_stop NAME                  its queue and log are kept until lab_stop_all
#	lab_stop_all                           everything ended and removed; runs at EXIT, too
#	lab_postfix_log NAME                   path of its log
#	lab_wait_log NAME REGEX [SECONDS]      until a line matches
#	lab_postfix_version                    of the package
#
# Each server has namespaces of its own (mount, pid, uts) and a root put together in memory by
# mta_root.sh. It listens on ADDR and sends from ADDR: the kernel refuses a connection from
# 127/8 to anywhere else, so that no mail leaves the machine. Its DNS server is ADDR as
# well, where nobody answers unless the test says otherwise.
#
# Call lab_postfix_start in the test's own shell, not in $(...): a server ends with the
# shell that started it, whatever kills that.
#
# Needs root. ORBL_LAB_DIR keeps the package between runs; default: $top_builddir/lab.

lab_tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab_dir=${ORBL_LAB_DIR:-${top_builddir:-${TMPDIR:-/tmp}/orbl}/lab}
lab_run=
lab_propagation=private
lab_ready_s=20

lab_fail() {
	printf 'mta_lab: %s\n' "$*" >&2
	return 1
}

# --- the package ---

lab_download() { # DIR PACKAGE
	# Nothing is installed, so the solver may plan to remove another MTA. The lists
	# of a fresh system are empty: a second try refreshes them.
	local log=$1/apt.log try
	mkdir -p "$1/partial" || return
	for try in 1 2 3; do
		[ "$try" = 1 ] || apt-get update >>"$log" 2>&1
		apt-get -q -y -d --reinstall --no-install-recommends \
			-o Dir::Cache::archives="$1" install "$2" >>"$log" 2>&1 &&
			ls "$1/$2"_*.deb >/dev/null 2>&1 && return
		sleep "$try"
	done
	tail -n 5 "$log" >&2
	lab_fail "apt-get could not download $2 (no network, or no Debian mirror configured?)"
}

lab_unpack() { # ARCHIVES DIR
	local deb
	for deb in "$1"/*.deb; do
		dpkg-deb -x "$deb" "$2" || { lab_fail "$deb is damaged"; return 1; }
	done
	# A package may still ship files in /lib, which is a link to usr/lib on the host.
	if [ -d "$2/lib" ]; then
		mkdir -p "$2/usr/lib" && cp -a "$2/lib/." "$2/usr/lib/" &&
			rm -rf "${2:?}/lib" || return
	fi
}

# Groups that only the servers' own /etc/group knows.
lab_own() { # DIR
	local name
	for name in postqueue postdrop; do
		[ -e "$1/usr/sbin/$name" ] || continue
		chgrp 5526 "$1/usr/sbin/$name" && chmod 2755 "$1/usr/sbin/$name" || return
	done
}

lab_fetch_locked() { # PACKAGE
	local new=$lab_dir/$1.new archives=$lab_dir/archives/$1
	[ -e "$lab_dir/$1/version" ] && return
	rm -rf "$new" "${lab_dir:?}/$1"
	mkdir -p "$new" && lab_download "$archives" "$1" || return
	lab_unpack "$archives" "$new" && lab_own "$new" &&
		dpkg-deb -f "$archives/$1"_*.deb Version >"$new/version" &&
		mv "$new" "$lab_dir/$1"
}

lab_fetch() { # [PACKAGE...]
	local package
	[ $# != 0 ] || set -- postfix
	[ "$(id -u)" = 0 ] || { lab_fail 'must be root (mounts, port 25)'; return 1; }
	mkdir -p "$lab_dir" || return
	lab_dir=$(cd "$lab_dir" && pwd) || return
	for package in "$@"; do
		# Tests that run at the same time share one download.
		( flock 9 && lab_fetch_locked "$package" ) 9>"$lab_dir/lock" || return
	done
}

lab_postfix_version() {
	cat "$lab_dir/postfix/version"
}

# --- one server ---

lab_begin() {
	[ -n "$lab_run" ] && return
	lab_fetch || return
	lab_run=$(mktemp -d "${TMPDIR:-/tmp}/orbl-lab.XXXXXX") || return
	chmod 755 "$lab_run"
	lab_isolate || return
	trap lab_stop_all EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# A setting given twice earns a warning in the log on every start: the last one stays.
lab_last_settings() {
	awk -F '[ =]' '!($1 in at) { name[++n] = $1 } { at[$1] = $0 }
		END { for (i = 1; i <= n; i++) print at[name[i]] }'
}

lab_main_cf() { # NAME ADDR
	cat <<-END
	compatibility_level = 3.6
	myhostname = $1
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	smtp_bind_address = $2
	maillog_file = /var/log/postfix.log
	mydestination = \$myhostname
	mynetworks = $2/32
	relay_domains =
	alias_maps =
	alias_database =
	biff = no
	smtputf8_enable = no
	smtpd_tls_security_level = none
	smtp_tls_security_level = none
	smtpd_authorized_xclient_hosts = 127.0.0.0/8
	minimal_backoff_time = 300s
	queue_run_delay = 300s
	END
}

lab_master_cf() { # ADDR:PORT
	local service
	printf '%s inet n - n - - smtpd\n' "$1" ${lab_addr6:+"[$lab_addr6]:25"}
	printf 'pickup unix n - n 60 1 pickup\nqmgr unix n - n 300 1 qmgr\n'
	printf 'cleanup unix n - n - 0 cleanup\npostlog unix-dgram n - n - 1 postlogd\n'
	printf 'local unix - n n - - local\n'
	for service in rewrite:trivial-rewrite bounce:bounce defer:bounce trace:bounce \
		verify:verify flush:flush proxymap:proxymap smtp:smtp relay:smtp showq:showq \
		error:error retry:error discard:discard anvil:anvil scache:scache; do
		printf '%s unix - - n - %s %s\n' "${service%%:*}" \
			"$(lab_process_limit "${service%%:*}")" "${service#*:}"
	done
}

lab_process_limit() { # SERVICE
	case $1 in
	bounce|defer|trace) echo 0 ;;
	verify|anvil|scache) echo 1 ;;
	*) echo - ;;
	esac
}

lab_postfix_configure() { # DIR NAME ADDR PORT LINE...
	local dir=$1 name=$2 addr=$3 port=$4
	shift 4
	mkdir -p "$dir"/{config,root,var/{log,tmp,spool/postfix,lib/postfix,mail}} || return
	cp -a "$lab_dir/postfix/etc/postfix/." "$dir/config/" || return
	{ lab_main_cf "$name" "$addr"; printf '%s\n' "$@"; } |
		lab_last_settings >"$dir/config/main.cf"
	lab_master_cf "$addr:$port" >"$dir/config/master.cf"
	lab_place "$dir" "$addr" "$port" postfix
}

lab_place() { # DIR ADDR PORT PACKAGE
	local syslog=$lab_run/syslog-${1##*/}/var/${1##*/}
	printf 'nameserver %s\noptions timeout:1 attempts:1\n' "$2" >"$1/resolv.conf"
	printf '%s\n' "$2" >"$1/addr"
	printf '%s\n' "$3" >"$1/port"
	printf '%s\n' "$4" >"$1/package"
	# Of mta_more.sh's syslog daemon.
	[ ! -S "$syslog" ] || ln -sf "$syslog" "$1/devlog"
}

# Mounts of a server must not reach our own namespace. In a chroot that is no mount point the
# kernel cannot cut "/" off; a folder bound onto itself can be cut off.
lab_isolate() {
	lab_propagation=private
	! unshare -m --propagation private true 2>/dev/null || return 0
	lab_propagation=unchanged
	mount --bind "$lab_run" "$lab_run" && mount --make-private "$lab_run" ||
		lab_fail 'no right to mount here (a container without CAP_SYS_ADMIN?)'
}

lab_spawn() { # NAME
	local dir=$lab_run/$1
	# The death of this shell kills unshare, whose death kills the first process of the
	# pid namespace and with it all others.
	setpriv --pdeathsig KILL unshare -m -u -p -f --kill-child --propagation "$lab_propagation" \
		bash "$lab_tools/mta_root.sh" "$dir" "$lab_dir/$(cat "$dir/package")" "$1" \
		</dev/null >>"$dir/output" 2>&1 &
	printf '%s\n' $! >"$dir/pid"
}

lab_postfix_start() { # NAME ADDR[:PORT] [LINE...]
	local name=$1 addr=${2%%:*} port=25
	case $2 in *:*) port=${2##*:} ;; esac
	shift 2
	lab_begin || return
	# Postfix shares a port without a word (SO_REUSEPORT), and gets every second client.
	! lab_connects "$addr" "$port" || { lab_fail "$addr:$port is in use"; return 1; }
	[ ! -e "$lab_run/$name" ] || rm -rf "${lab_run:?}/$name" || return
	lab_postfix_configure "$lab_run/$name" "$name" "$addr" "$port" "$@" || return
	lab_spawn "$name"
	lab_wait_ready "$name"
}

lab_connects() { # ADDR PORT
	timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$1" "$2" 2>/dev/null
}

lab_greets() { # ADDR PORT
	timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2" && read -r line <&3 &&
		[ "${line%% *}" = 220 ] && printf "QUIT\r\n" >&3' - "$1" "$2" 2>/dev/null
}

lab_wait_ready() { # NAME
	local dir=$lab_run/$1 addr port end=$((SECONDS + lab_ready_s))
	addr=$(cat "$dir/addr") port=$(cat "$dir/port")
	while [ "$SECONDS" -lt "$end" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null; do
		lab_greets "$addr" "$port" && return
		sleep 0.1
	done
	find "$dir/output" "$dir/var/log" -type f -exec tail -n 20 {} + >&2
	lab_fail "$1 does not answer on $addr:$port"
}

# The first process of the namespace, the only child of unshare, hands the signal on.
lab_terminate() { # NAME
	local init
	init=$(ps -o pid= --ppid "$(cat "$lab_run/$1/pid")") && kill -TERM "${init// /}"
}

# A reload would leave idle smtpd processes that answer with the old settings.
lab_postfix_reconfigure() { # NAME LINE...
	local name=$1 conf=$lab_run/$1/config/main.cf
	shift
	[ -e "$lab_run/$name/pid" ] || { lab_fail "$name is not running"; return 1; }
	lab_postfix_stop "$name"
	{ cat "$conf"; printf '%s\n' "$@"; } | lab_last_settings >"$conf.new" &&
		mv "$conf.new" "$conf"
	lab_spawn "$name"
	lab_wait_ready "$name"
}

lab_postfix_log() { # NAME
	printf '%s\n' "$lab_run/$1/var/log/postfix.log"
}

lab_wait_log() { # NAME REGEX [SECONDS]
	local end=$((SECONDS + ${3:-$lab_ready_s}))
	until grep -Eqs -- "$2" "$(lab_postfix_log "$1")"; do
		[ "$SECONDS" -lt "$end" ] ||
			{ lab_fail "nothing like '$2' in the log of $1"; return 1; }
		sleep 0.1
	done
}

lab_postfix_stop() { # NAME
	local pid try
	pid=$(cat "$lab_run/$1/pid" 2>/dev/null) || return 0
	lab_terminate "$1" 2>/dev/null
	for try in {1..50}; do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	[ "$try" -lt 50 ] || kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	rm -f "$lab_run/$1/pid"
}

lab_stop_all() {
	local pid
	[ -n "$lab_run" ] || return 0
	for pid in "$lab_run"/*/pid; do
		[ -e "$pid" ] && lab_postfix_stop "$(basename "$(dirname "$pid")")"
	done
	[ "$lab_propagation" = private ] || umount "$lab_run"
	rm -rf --one-file-system "$lab_run"
	lab_run=
}

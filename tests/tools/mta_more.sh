# mta_more.sh - real Exim, OpenSMTPD and Sendmail servers and a syslog daemon: source it after
# mta_lab.sh, whose lab_stop_all and lab_wait_log serve these, too.
#
#	lab_network SCRIPT ARG...    run SCRIPT in a network of its own, which reaches nothing
#	lab_dns_start 'ADDR...' LINE...    DNS at these addresses, that is, of the servers there:
#	                             "ADDRESS PTR NAME" and "NAME A ADDRESS"; of all else it
#	                             says that it does not exist
#	lab_syslog_start NAME [DIRECTIVE]    rsyslog, as /dev/log of this server; before it starts
#	lab_syslog_log NAME FORMAT   path of a log; formats: bsd iso rfc5424 wire
#	lab_exim_start NAME ADDR [ADDR6] [main section LINE...]
#	lab_opensmtpd_start NAME ADDR [ADDR6] [smtpd.conf LINE...]
#	lab_sendmail_start NAME ADDR [ADDR6] [sendmail.mc LINE...]
#
# All listen on port 25. Mail for NAME is local, and has one user: alice; mail from bad.example is
# refused by Exim and Sendmail. These two are configured as Debian does it, but for limits and
# pauses that would only cost time here; at Exim alice may log in ("secret"), which gives her no
# right to relay.

lab_more_packages=(exim4-daemon-light opensmtpd sendmail-bin)

# --- network ---

# The documentation networks are our own there, of IPv6 2001:db8::1 to 9 and 2001:db8:bad::1 to 9;
# there is no way out.
lab_network() { # SCRIPT ARG...
	exec unshare -n bash -c '
		ip link set lo up || exit
		for net in 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24; do
			ip route add local "$net" dev lo || exit
		done
		# With IPv6 a route is not enough to bind.
		for host in 2001:db8::{1..9} 2001:db8:bad::{1..9}; do
			ip addr add "$host/128" dev lo nodad || exit
		done
		exec bash "$@"' - "$@"
}

# --- syslog, DNS: daemons of the host's packages ---

lab_daemon_start() { # NAME CONFIGURATION COMMAND
	local dir
	lab_begin || return
	dir=$lab_run/$1
	mkdir -p "$dir"/{root,etc,var/{log,tmp,spool}} "$lab_dir/nothing" || return
	cat >"$dir/etc/$2"
	echo "exec $3" >"$dir/main"
	lab_place "$dir" 127.0.0.1 - nothing
	lab_spawn "$1"
}

lab_dns_conf() { # 'ADDR...' LINE...
	local addr line
	printf '%s\n' server: 'do-daemonize: no' 'username: ""' 'chroot: ""' 'directory: ""' \
		'pidfile: ""' 'use-syslog: no' 'module-config: "iterator"' 'local-zone: "." static' \
		'access-control: 0.0.0.0/0 allow'
	for addr in $1; do
		echo "interface: $addr"
	done
	shift
	for line in "$@"; do
		case $line in *' PTR '*)
			echo "local-data-ptr: \"${line/ PTR / }\""
			continue
		esac
		echo "local-data: \"$line\""
	done
}

lab_dns_start() { # 'ADDR...' LINE...
	lab_daemon_start dns unbound.conf '/usr/sbin/unbound -d -c /etc/unbound.conf' \
		< <(lab_dns_conf "$@")
}

# Actions are not in a ruleset of their own: what rsyslog says about repetitions would miss it.
lab_syslog_conf() { # NAME DIRECTIVE
	cat <<-END
	$2
	global(workDirectory="/var/spool" localHostname="mx.example.net")
	module(load="imuxsock" SysSock.Use="off")
	input(type="imuxsock" Socket="/var/$1" CreatePath="off" RateLimit.Interval="0")
	template(name="wire" type="string" string="<%PRI%>%TIMESTAMP% %HOSTNAME% %syslogtag%%msg%\n")
	action(type="omfile" file="/var/log/$1.bsd" template="RSYSLOG_TraditionalFileFormat")
	action(type="omfile" file="/var/log/$1.iso" template="RSYSLOG_FileFormat")
	action(type="omfile" file="/var/log/$1.rfc5424" template="RSYSLOG_SyslogProtocol23Format")
	action(type="omfile" file="/var/log/$1.wire" template="wire")
	END
}

lab_syslog_start() { # NAME [DIRECTIVE]
	local daemon=syslog-$1 end=$((SECONDS + lab_ready_s))
	lab_daemon_start "$daemon" rsyslog.conf '/usr/sbin/rsyslogd -n -i /run/rsyslogd.pid' \
		< <(lab_syslog_conf "$1" "${2:-}") || return
	until [ -S "$lab_run/$daemon/var/$1" ]; do
		[ "$SECONDS" -lt "$end" ] || { cat "$lab_run/$daemon/output" >&2; return 1; }
		sleep 0.1
	done
}

lab_syslog_log() { # NAME FORMAT
	printf '%s\n' "$lab_run/syslog-$1/var/log/$1.$2"
}

# --- servers ---

# Sets $dir, $addr, $addr6 and $lines of its caller.
lab_more_begin() { # PACKAGE NAME ADDR [ADDR6] [LINE...]
	local package=$1 name=$2
	addr=$3 addr6=
	shift 3
	case ${1:-} in *:*:*) addr6=$1; shift ;; esac
	lines=("$@")
	lab_fetch "$package" && lab_begin || return
	dir=$lab_run/$name
	! lab_connects "$addr" 25 || { lab_fail "$addr:25 is in use"; return 1; }
	[ ! -e "$dir" ] || rm -rf "${dir:?}" || return
	mkdir -p "$dir"/{root,etc,var/{log,tmp,mail,run,spool}} || return
	cp -a "$lab_dir/$package/var/." "$dir/var/" || return
	chmod 1777 "$dir/var/mail"
	lab_place "$dir" "$addr" 25 "$package"
	printf '%s\n' 'postmaster: root' 'root: alice' >"$dir/etc/aliases"
}

lab_more_run() { # NAME
	lab_spawn "$1"
	lab_wait_ready "$1"
}

lab_exim_start() { # NAME ADDR [ADDR6] [LINE...]
	local dir addr addr6 lines
	lab_more_begin exim4-daemon-light "$@" || return
	cp -a "$lab_dir/exim4-daemon-light/etc/exim4" "$dir/etc/" || return
	cat >"$dir/etc/exim4/update-exim4.conf.conf" <<-END
	dc_eximconfig_configtype='internet'
	dc_other_hostnames='$1'
	dc_local_interfaces='<;$addr${addr6:+;$addr6}'
	dc_readhost=''
	dc_relay_domains=''
	dc_relay_nets=''
	dc_smarthost=''
	CFILEMODE='644'
	dc_use_split_config='false'
	dc_hide_mailname=''
	dc_mailname_in_oh='true'
	dc_localdelivery='mail_spool'
	END
	printf '%s\n' 'MAIN_HARDCODE_PRIMARY_HOSTNAME = '"$1" 'smtp_accept_max_nonmail = 100' \
		'daemon_smtp_ports = 25' "${lines[@]}" >"$dir/etc/exim4/exim4.conf.localmacros"
	printf '%s\n' "$1" >"$dir/etc/mailname"
	echo '*@bad.example' >"$dir/etc/exim4/local_sender_blacklist"
	sed -i 's/authenticated = \*/authenticated = nobody/' "$dir/etc/exim4/exim4.conf.template"
	cat >>"$dir/etc/exim4/exim4.conf.template" <<-'END'
	plain_server:
	  driver = plaintext
	  public_name = PLAIN
	  server_condition = ${if and{{eq{$auth2}{alice}}{eq{$auth3}{secret}}}}
	  server_set_id = $auth2
	  server_prompts = :
	END
	cat >"$dir/main" <<-'END'
	mkdir -p /var/spool/exim4 /var/log/exim4
	chown -R Debian-exim:mail /var/spool/exim4 /var/log/exim4 /var/lib/exim4
	update-exim4.conf && exec /usr/sbin/exim4 -bdf -q30m
	END
	lab_more_run "$1"
}

lab_opensmtpd_start() { # NAME ADDR [ADDR6] [LINE...]
	local dir addr addr6 lines
	lab_more_begin opensmtpd "$@" || return
	{
		printf 'listen on %s\n' "$addr" ${addr6:+"$addr6"}
		printf '%s\n' "${lines[@]}"
		printf '%s\n' 'table aliases file:/etc/aliases' 'action "local" mbox alias <aliases>' \
			"match from any for domain \"$1\" action \"local\""
	} >"$dir/etc/smtpd.conf"
	printf '%s\n' "$1" >"$dir/etc/mailname"
	cat >"$dir/main" <<-'END'
	mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
	chmod 711 /var/spool/smtpd
	exec /usr/sbin/smtpd -F
	END
	lab_more_run "$1"
}

lab_sendmail_mc() { # NAME ADDR ADDR6 LINE...
	cat <<-END
	define(\`_USE_ETC_MAIL_')dnl
	include(\`/usr/share/sendmail/cf/m4/cf.m4')dnl
	OSTYPE(\`debian')dnl
	DOMAIN(\`debian-mta')dnl
	FEATURE(\`no_default_msa')dnl
	DAEMON_OPTIONS(\`Family=inet, Name=MTA-v4, Port=smtp, Addr=$2')dnl
	END
	[ -z "$3" ] ||
		echo "DAEMON_OPTIONS(\`Family=inet6, Name=MTA-v6, Port=smtp, Addr=$3')dnl"
	cat <<-END
	define(\`confDOMAIN_NAME', \`$1')dnl
	define(\`confTO_IDENT', \`0s')dnl
	define(\`confQUEUE_LA', \`1000')dnl
	define(\`confREFUSE_LA', \`1000')dnl
	FEATURE(\`use_cw_file')dnl
	FEATURE(\`access_db', , \`skip')dnl
	FEATURE(\`delay_checks', \`friend', \`n')dnl
	FEATURE(\`accept_unresolvable_domains')dnl
	END
	shift 3
	printf '%s\n' "$@" 'MAILER_DEFINITIONS' 'MAILER(`local'"'"')dnl' 'MAILER(`smtp'"'"')dnl'
}

lab_sendmail_start() { # NAME ADDR [ADDR6] [LINE...]
	local dir addr addr6 lines
	lab_more_begin sendmail-bin "$@" || return
	mkdir -p "$dir/etc/mail" "$dir"/var/{lib/sendmail/host_status,run/sendmail} &&
		cp -a "$lab_dir/sendmail-bin/etc/mail/." "$dir/etc/mail/" || return
	lab_sendmail_mc "$1" "$addr" "$addr6" "${lines[@]}" >"$dir/etc/mail/sendmail.mc"
	printf '%s\n' "$1" >"$dir/etc/mail/local-host-names"
	printf '%s\n' 'From:bad.example REJECT' >"$dir/etc/mail/access"
	cat >"$dir/main" <<-'END'
	cd /etc/mail && chown smmta:smmsp /var/spool/mqueue && chmod 700 /var/spool/mqueue
	mv /etc/aliases /etc/mail/aliases
	m4 sendmail.mc >sendmail.cf && makemap=/usr/libexec/sendmail/makemap &&
		$makemap hash access <access && newaliases=/usr/libexec/sendmail/newaliases &&
		$newaliases && exec /usr/libexec/sendmail/sendmail -bD -q30m
	END
	lab_more_run "$1"
}

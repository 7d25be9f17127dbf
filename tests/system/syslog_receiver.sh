#!/bin/bash
# The syslog receiver with real senders: rsyslog over UDP, TCP and TLS, and logger(1). What is in the
# store equals what was sent, under the name of the reporter whose address it came from.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/orbl_lab.sh"

udp=$(orbl_free_port)
tcp=$(orbl_free_port)
tls=$(orbl_free_port)
orbl_begin 'score.min_reporters = 100' "syslog.udp = {\"127.0.0.1@$udp\"}" \
	"syslog.tcp = {\"127.0.0.1@$tcp\"}" "syslog.tls = {\"127.0.0.1@$tls\"}"
cd "$orbl_dir" || exit 1

# --- a certificate for each side, from one CA ---

make_certificate() { # NAME
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" &&
		openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
			-extfile <(printf 'subjectAltName=DNS:%s' "$1") -out "$1.crt"
}
{
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=ca
	make_certificate server.example
	make_certificate client.example
} >openssl.log 2>&1 || tap_bail "openssl fails: $(tail -n 3 openssl.log)"
cat >>orbl.conf <<END
syslog.certificate = "$orbl_dir/server.example.crt"
syslog.key = "$orbl_dir/server.example.key"
syslog.ca = "$orbl_dir/ca.crt"
reporter mx2 { syslog_from = {127.0.0.2} }
reporter mx1 { syslog_from = {127.0.0.0/30} }
END
orbl_start_analyzer

sql() {
	sqlite3 -cmd '.timeout 5000' "$orbl_dir/orbl.db" "$1"
}

# Hosts of a network that a reporter told of, and their denials.
stored() { # REPORTER NETWORK
	sql "SELECT count(DISTINCT v.host) || ' ' || coalesce(sum(v.count), 0) FROM evidence v
		JOIN submission b ON b.id = v.submission JOIN reporter r ON r.id = b.reporter
		WHERE b.committed = 1 AND r.name = '$1' AND v.host LIKE '$2.%'"
}

is_stored() { # REPORTER NETWORK COUNT
	[ "$(stored "$1" "$2")" = "$3 $3" ]
}

assert_stored() { # NAME REPORTER NETWORK COUNT
	orbl_wait 20 is_stored "$2" "$3" "$4"
	tap_is "$1" "$4 $4" "$(stored "$2" "$3")"
}

# What Postfix says, without its frame: denials of hosts FIRST to LAST, and between them what is none.
messages() { # NETWORK FIRST LAST
	local i
	for i in $(seq "$2" "$3"); do
		printf 'connect from unknown[%s.%d.%d]\n' "$1" $((i / 256)) $((i % 256))
		printf 'NOQUEUE: reject: RCPT from unknown[%s.%d.%d]: 554 5.7.1 <u@e.example>: ' "$1" \
			$((i / 256)) $((i % 256))
		printf 'Relay access denied; from=<a@s.example> to=<u@e.example> proto=ESMTP helo=<h>\n'
		printf 'NOQUEUE: reject: RCPT from unknown[10.9.%d.%d]: 550 5.1.1 <n@l.example>: ' \
			$((i / 256)) $((i % 256))
		printf 'Recipient address rejected: User unknown in local recipient table; '
		printf 'from=<a@s.example> to=<n@l.example> proto=ESMTP helo=<h>\n'
	done
}

# --- rsyslog ---

# It reads a file line by line as messages of postfix/smtpd and sends them on.
start_rsyslog() { # NAME ACTION-PARAMETERS [GLOBAL-PARAMETERS]
	mkdir -p "$1"
	cat >"$1/rsyslog.conf" <<END
global(workDirectory="$orbl_dir/$1" ${3:-})
module(load="imfile" mode="polling" pollingInterval="1")
template(name="postfix" type="string"
	string="<22>%timestamp:::date-rfc3339% mx1 postfix/smtpd[4711]: %msg%")
input(type="imfile" file="$orbl_dir/$1/in" tag="in" freshStartTail="off")
action(type="omfwd" target="127.0.0.1" template="postfix" $2
	action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList")
END
	orbl_spawn "rsyslog-$1" rsyslogd -n -f "$orbl_dir/$1/rsyslog.conf" -i "$orbl_dir/$1/pid"
}

[ -n "$(find /usr/lib -name lmnsd_ossl.so)" ] ||
	tap_bail 'no rsyslogd with rsyslog-openssl; ./bootstrap deps installs them'
start_rsyslog udp "protocol=\"udp\" port=\"$udp\" address=\"127.0.0.2\""
start_rsyslog tcp \
	"protocol=\"tcp\" port=\"$tcp\" TCP_Framing=\"octet-counted\""
messages 10.1 1 300 >>udp/in
messages 10.2 1 2000 >>tcp/in
assert_stored 'rsyslog over UDP' mx2 10.1 300
assert_stored 'rsyslog over TCP, octets counted' mx1 10.2 2000
orbl_stop rsyslog-tcp
orbl_stop analyzer TERM # what is said meanwhile waits in rsyslog's queue
start_rsyslog tcp "protocol=\"tcp\" port=\"$tcp\""
messages 10.2 2001 2100 >>tcp/in
sleep 2
orbl_start_analyzer
assert_stored 'rsyslog over TCP, a message a line, the analyzer started after it' mx1 10.2 2100

start_rsyslog tls "protocol=\"tcp\" port=\"$tls\"
	TCP_Framing=\"octet-counted\" StreamDriver=\"ossl\" StreamDriverMode=\"1\"
	StreamDriverAuthMode=\"x509/name\" StreamDriverPermittedPeers=\"server.example\"" \
	"defaultNetstreamDriverCAFile=\"$orbl_dir/ca.crt\"
	defaultNetstreamDriverCertFile=\"$orbl_dir/client.example.crt\"
	defaultNetstreamDriverKeyFile=\"$orbl_dir/client.example.key\""
messages 10.3 1 500 >>tls/in
assert_stored 'rsyslog over TLS, both sides with certificates' mx1 10.3 500
tap_is 'all of it came encrypted' 1500 "$(orbl status --json | jq .syslog.tls)"

# --- logger(1) ---

denial() { # HOST
	printf 'NOQUEUE: reject: RCPT from unknown[%s]: 554 5.7.1 <u@e.example>: Relay access denied; ' "$1"
	printf 'from=<a@s.example> to=<u@e.example> proto=ESMTP helo=<h>'
}
say() { # HOST OPTION...
	local host=$1
	shift
	logger -n 127.0.0.1 -t postfix/smtpd --id=4711 -p mail.info "$@" "$(denial "$host")"
}
say 192.0.2.1 -d -P "$udp" --rfc3164
say 192.0.2.2 -d -P "$udp" --rfc5424
say 192.0.2.3 -T -P "$tcp" --rfc3164
say 192.0.2.4 -T -P "$tcp" --rfc5424 --octet-count
assert_stored 'logger in four ways' mx1 192.0 4

# --- who is nobody's ---

python3 - "$udp" "$tcp" "$(denial 192.0.2.9)" <<END
import socket, sys
m = ('<22>2026-11-21T10:00:00+00:00 mx1 postfix/smtpd[1]: ' + sys.argv[3] + '\n').encode()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.9', 0))
s.sendto(m, ('127.0.0.1', int(sys.argv[1])))
t = socket.socket()
t.bind(('127.0.0.9', 0))
t.connect(('127.0.0.1', int(sys.argv[2])))
try:
    t.sendall(m)
    t.recv(1)
except OSError:
    pass
END
are_counted() {
	[ "$(orbl status --json | jq .syslog.strangers)" = 2 ]
}
tap_ok 'strangers are counted' orbl_wait 5 are_counted
tap_is 'and nothing of theirs is kept' 0 \
	"$(sql "SELECT count(*) FROM evidence WHERE host = '192.0.2.9'")"
tap_like 'status tells' '^syslog .*2 strangers turned away' "$(orbl status)"

# --- what does not start ---

orbl_stop analyzer TERM
sed -i '/^reporter /d; s/^syslog.udp.*/syslog.udp = {"0.0.0.0@'"$udp"'"}/' orbl.conf
tap_status 'listening to the world for nobody is refused' 1 \
	"$top_builddir/orbl-analyzer" -c "$orbl_dir/orbl.conf"
tap_like 'with a reason' 'no reporter has syslog_from' "$tap_output"
tap_done

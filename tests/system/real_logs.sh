# real_logs.sh - Postfix, Exim, OpenSMTPD and Sendmail refuse to relay, and orbl reads what they
# really wrote: of each log exactly the refusals, with client, sender, recipient and kind.
#
# Clients say what real_logs/sessions has, which says what is a refusal, too. Where a server writes
# to syslog, rsyslog makes four files of it: bsd, iso, rfc5424 (its templates) and wire (as it goes
# over the network), for two servers with "message repeated".
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/mta_lab.sh"
. "$top_srcdir/tests/tools/mta_more.sh"

# To look at the logs afterwards.
keep=${ORBL_KEEP_LOGS:-}

script=$top_srcdir/tests/system/real_logs/sessions
orbl=${top_builddir:?}/orbl
names='
198.51.100.7 PTR mail.sender.example
mail.sender.example A 198.51.100.7
198.51.100.8 PTR mail.sender.example
198.51.100.9 PTR 203.0.113.66
2001:db8:bad::7 PTR six.sender.example
six.sender.example AAAA 2001:db8:bad::7'

# name | type | number of its addresses | kind of a refusal | log
servers='
exim1.example.net|exim|1|relay-denied|file
exim2.example.net|exim|2|relay-denied|syslog
exim3.example.net|exim|3|relay-denied|repeats
opensmtpd.example.net|opensmtpd|4|relay-denied-probable|syslog
sendmail.example.net|sendmail|5|relay-denied|syslog
nodns.example.net|sendmail|9|relay-denied-temporary|syslog
postfix1.example.net|postfix|6|relay-denied-temporary|file
postfix2.example.net|postfix|7|relay-denied|syslog
postfix3.example.net|postfix|8|relay-denied|repeats
'

field() { # SERVER NUMBER
	awk -F'|' -v name="$1" -v n="$2" '$1 == name { print $n }' <<<"$servers"
}

servers_with() { # LOG : names
	awk -F'|' -v log_of="$1" '$5 == log_of { print $1 }' <<<"$servers"
}

# --- servers ---

start() { # exim|opensmtpd|sendmail NAME LINE...
	local type=$1 name=$2
	shift 2
	"lab_${type}_start" "$name" "192.0.2.$(field "$name" 3)" \
		"2001:db8::$(field "$name" 3)" "$@"
}

start_postfix() { # NAME LINE...
	local name=$1 number
	number=$(field "$name" 3)
	shift
	lab_addr6=2001:db8::$number lab_postfix_start "$name" "192.0.2.$number:25" \
		'inet_protocols = all' 'mail_spool_directory = /var/mail' \
		'smtpd_sender_restrictions = check_sender_access inline:{ bad.example=REJECT }' \
		'smtpd_error_sleep_time = 0' 'smtpd_hard_error_limit = 100' "$@"
}

start_daemons() {
	local lines name
	mapfile -t lines <<<"${names#?}"
	# Not at 192.0.2.9, where Sendmail cannot look up names.
	lab_dns_start "$(echo 192.0.2.{1..8})" "${lines[@]}" || return
	for name in $(servers_with syslog); do
		lab_syslog_start "$name" || return
	done
	for name in $(servers_with repeats); do
		lab_syslog_start "$name" '$RepeatedMsgReduction on' || return
	done
}

start_servers() {
	local refuse='smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination'
	start exim exim1.example.net &&
		start exim exim2.example.net 'log_file_path = syslog' 'MAIN_LOG_SELECTOR = +all' \
			'helo_allow_chars = _<>()[]=;:,@"|?*~' &&
		start exim exim3.example.net 'log_file_path = syslog' &&
		start opensmtpd opensmtpd.example.net &&
		start sendmail sendmail.example.net &&
		start sendmail nodns.example.net &&
		start_postfix postfix1.example.net &&
		start_postfix postfix2.example.net 'maillog_file =' "$refuse" \
			'enable_long_queue_ids = yes' 'smtputf8_enable = yes' &&
		start_postfix postfix3.example.net 'maillog_file =' "$refuse" 'syslog_name = postfix-in'
}

# --- clients ---

play() { # NAME TYPE NUMBER KIND
	python3 "$top_srcdir/tests/tools/smtp_sessions.py" "$1" "$2" "192.0.2.$3" "2001:db8::$3" \
		"$4" "$dir/$1.dialogue" <"$script" >"$dir/$1.truth" 2>"$dir/$1.errors" &&
		touch "$dir/$1.played"
}

play_all() {
	local name type number kind players=()
	while IFS='|' read -r name type number kind _; do
		[ -n "$name" ] || continue
		play "$name" "$type" "$number" "$kind" &
		players+=($!)
	done <<<"$servers"
	wait "${players[@]}"
}

logs_size() {
	cat "$lab_run"/*/var/log/* "$lab_run"/*/var/log/exim4/* 2>/dev/null | wc -c
}

wait_until_written() {
	local size=0 last='' try
	for try in {1..20}; do
		size=$(logs_size)
		[ "$size" != "$last" ] || return 0
		last=$size
		sleep 1
	done
}

# --- logs ---

# Sets of the logs: "got", CLIENT TAB SENDER TAB RECIPIENT TAB KIND, and "totals".
parse() { # FILE...
	"$orbl" parse --totals --local-domain opensmtpd.example.net "$@" >"$dir/json" 2>"$dir/errors"
	jq -r 'select(.ip) | range(.count) as $i |
		[.ip, .sender // "-", .recipient // "-", .kind] | join("\t")' "$dir/json" |
		LC_ALL=C sort >"$dir/got"
	jq -c 'select(.totals).totals' "$dir/json" >"$dir/totals"
}

# Refusals for other reasons: not all are logged, and not all can be told apart, but unknown users
# are, and there cannot be more than there were.
plausible() { # NAME
	local unknown others
	unknown=$(grep -A1 'RCPT TO:<nobody-here@' "$dir/$1.dialogue" | grep -c '^S: 550')
	others=$(($(grep -c '^S: [45]' "$dir/$1.dialogue") - $(wc -l <"$dir/$1.truth")))
	jq -e --argjson unknown "$unknown" --argjson most "$((others + 3))" \
		'(.rejected["unknown-user"] // 0) >= $unknown and .rejections <= $most and
		.not_understood <= 2' "$dir/totals"
}

check_log() { # NAME WHAT FILE...
	local name=$1 what=$2
	shift 2
	parse "$@"
	LC_ALL=C sort "$dir/$name.truth" >"$dir/wanted"
	tap_diff "$name, $what: $(wc -l <"$dir/wanted") refusals to relay" "$dir/wanted" "$dir/got"
	# What is in two logs counts twice here.
	[ $# -gt 1 ] || tap_ok "$name, $what: a plausible number of others" plausible "$name"
	tap_note "$(cat "$dir/totals")"
}

check_syslog() {
	local name format
	for name in $(servers_with syslog; servers_with repeats); do
		for format in bsd iso rfc5424 wire; do
			check_log "$name" "$format" "$(lab_syslog_log "$name" "$format")"
		done
	done
}

check_files() {
	local logs=$lab_run/exim1.example.net/var/log/exim4
	check_log exim1.example.net mainlog "$logs/mainlog"
	check_log exim1.example.net rejectlog "$logs/rejectlog"
	check_log exim1.example.net 'mainlog and rejectlog' "$logs/mainlog" "$logs/rejectlog"
	check_log postfix1.example.net 'its own file' "$(lab_postfix_log postfix1.example.net)"
}

check_clients() {
	local name
	for name in $(awk -F'|' '{ print $1 }' <<<"$servers"); do
		tap_ok "$name answers as expected" test -e "$dir/$name.played"
		[ -e "$dir/$name.played" ] ||
			tap_note "$(cat "$dir/$name.errors"; grep -B2 WRONG "$dir/$name.dialogue")"
	done
}

keep_logs() {
	[ -n "$keep" ] || return 0
	mkdir -p "$keep" && cp "$dir"/*.{truth,dialogue} "$lab_run"/syslog-*/var/log/* "$keep"
	cp "$lab_run/exim1.example.net/var/log/exim4/mainlog" "$keep/exim1.example.net.mainlog"
	cp "$lab_run/exim1.example.net/var/log/exim4/rejectlog" "$keep/exim1.example.net.rejectlog"
	cp "$(lab_postfix_log postfix1.example.net)" "$keep/postfix1.example.net.log"
}

main() {
	lab_begin || tap_bail 'no laboratory'
	dir=$lab_run/test
	mkdir "$dir"
	start_daemons || tap_bail 'unbound or rsyslog did not start'
	start_servers || tap_bail 'a server did not start'
	play_all
	wait_until_written
	keep_logs
	check_clients
	check_files
	check_syslog
	tap_done
}

# Port 25 and addresses of our own: the rest runs in a network of its own.
if [ "${1:-}" != inside ]; then
	lab_fetch postfix "${lab_more_packages[@]}" || tap_bail 'no packages'
	lab_network "$0" inside
fi
main

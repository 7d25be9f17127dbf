# main_job.sh - the whole with real mail servers: two Postfix reporters whose logs name three
# hosts, the hosts themselves Postfix, too: an open relay, one that is closed, one that discards
# what it accepts. The open one is listed, is closed by its administrator, asks for removal, and
# gets it.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/mta_lab.sh"
. "$top_srcdir/tests/tools/orbl_lab.sh"
. "$top_srcdir/tests/tools/dns_ask.sh"

# Not 127.0.0.1, where Postfix would see itself.
collector=127.0.9.2
open=127.0.20.1 closed=127.0.20.2 discards=127.0.20.3
reporters=(127.0.20.11 127.0.20.12)

stop_all() {
	orbl_end
	lab_stop_all
}

start_host() { # NAME ADDR LINE...
	local name=$1 addr=$2
	shift 2
	lab_postfix_start "$name" "$addr:$orbl_probe_port" \
		"relayhost = [$collector]:$orbl_collector_port" "$@"
}

start_hosts() {
	start_host open.test "$open" 'mynetworks = 0.0.0.0/0' &&
		start_host closed.test "$closed" \
			'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination' &&
		start_host discards.test "$discards" 'mynetworks = 0.0.0.0/0' \
			'default_transport = discard:' 'relayhost ='
}

# What a relay's clients see: two denials for each host at each reporter.
sessions() {
	local host
	for host in "$open" "$closed" "$discards"; do
		printf 'mx %s\n' "$host"
		printf ' %s\n' 'EHLO mail.sender.example' 'MAIL FROM:<promo@sender.example>' \
			'RCPT TO:<first@freemail.example>' 'RCPT TO:<second@freemail.example>' QUIT
	done
}

make_log() { # NUMBER: the log of reporter mxNUMBER
	local addr=${reporters[$1 - 1]} name=mx$1.example.org
	lab_postfix_start "$name" "$addr:$orbl_probe_port" 'mynetworks = 127.0.20.99/32' || return
	sessions | python3 "$top_srcdir/tests/tools/smtp_play.py" "$addr:$orbl_probe_port" \
		>"$orbl_dir/mx$1.dialogue" || return
	lab_wait_log "$name" "$discards.*second@freemail.example.*: Relay access denied" || return
	cp "$(lab_postfix_log "$name")" "$orbl_dir/mx$1.log"
	lab_postfix_stop "$name"
}

probes_are_done() { # COUNT
	local state='[.probes_done, .probes_waiting + .probes_running]'
	[ "$(orbl status --json | jq -c "$state")" = "[$1,0]" ]
}

verdict_of() { # ADDRESS
	orbl explain --json "$1" | jq -r '[.probes[].verdict // empty][0] // "none"'
}

host_of() { # ADDRESS MEMBER
	orbl explain --json "$1" | jq -r ".host$2"
}

days_listed() { # ADDRESS
	orbl check --json "$1" | jq -r '.listings[0] | (.expires | fromdate) - (.since | fromdate)
		| . / 86400 | round'
}

categories_of() { # ADDRESS
	orbl check --json "$1" | jq -r '[.listings[].category] | join(" ")'
}

dns_says() { # NAME WANTED
	[ "$(dns_ask "$1")" = "$2" ]
}

lab_begin || tap_bail 'no laboratory'
orbl_begin
trap stop_all EXIT
printf '%s\n' "collector.listen = \"$collector@$orbl_collector_port\"" \
	'delist.confirm_after = 20s' 'listing.lifetime = 10d' >>"$orbl_dir/orbl.conf"
start_hosts || tap_bail 'a Postfix did not start'
make_log 1 && make_log 2 || tap_bail 'a reporter has no log'
orbl_start_analyzer
orbl_start_dnsd

tap_is 'not listed before any evidence' NXDOMAIN "$(dns_ask "$(dns_name "$open")")"
tap_is 'and the test entry is there already' 127.0.0.2 "$(dns_ask "$(dns_name 127.0.0.2)")"

tap_ok 'a reporter submits its log' orbl submit --reporter mx1 "$orbl_dir/mx1.log"
tap_like 'the denials of three hosts are stored' '6 denials of 3 hosts' "$tap_output"
sleep 1
tap_is 'one reporter is not enough for a probe' 0 \
	"$(orbl status --json | jq .probes_done+.probes_running+.probes_waiting)"
tap_ok 'a second reporter agrees' orbl submit --reporter mx2 "$orbl_dir/mx2.log"
tap_ok 'three hosts are probed' orbl_wait 120 probes_are_done 3
tap_note "$(orbl status 2>&1)"

tap_is 'the open relay is found open' open "$(verdict_of "$open")"
tap_is 'the closed host is found closed' closed "$(verdict_of "$closed")"
tap_is 'accepting and discarding is not relaying' accepts "$(verdict_of "$discards")"
tap_is 'the open relay is listed as relay' relay "$(categories_of "$open")"
tap_is 'the closed host is not listed' '' "$(categories_of "$closed")"
tap_is 'the discarding host is not listed' '' "$(categories_of "$discards")"
tap_ok 'its message came back through the real Postfix' \
	grep -q 'status=sent' "$(lab_postfix_log open.test)"

tap_ok 'DNS lists the open relay' orbl_wait 10 dns_says "$(dns_name "$open")" 127.0.0.2
tap_is 'in the zone relays' 127.0.0.2 "$(dns_ask "$(dns_name "$open" relays)")"
tap_is 'in all' 127.0.0.2 "$(dns_ask "$(dns_name "$open" all)")"
tap_like 'TXT names the address' "$open" "$(dns_ask "$(dns_name "$open")" TXT)"
tap_is 'not in bouncers' NXDOMAIN "$(dns_ask "$(dns_name "$open" bouncers)")"
for host in "$closed" "$discards"; do
	tap_is "DNS does not list $host" NXDOMAIN "$(dns_ask "$(dns_name "$host")")"
	tap_is "not even in all" NXDOMAIN "$(dns_ask "$(dns_name "$host" all)")"
done

tap_status 'delisting is refused while it is open' 1 orbl delist "$open"
tap_like 'and the answer says why' 'stays listed: open' "$tap_output"
tap_is 'DNS still lists it' 127.0.0.2 "$(dns_ask "$(dns_name "$open")")"

lab_postfix_reconfigure open.test 'mynetworks = 127.0.20.99/32' \
	'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination' ||
	tap_bail 'the open relay cannot be closed'
tap_ok 'once closed, it is retested and delisted' orbl delist "$open"
tap_is 'the retest found it closed' closed "$(verdict_of "$open")"
tap_is 'it is not listed any more' '' "$(categories_of "$open")"
tap_ok 'DNS says so' orbl_wait 10 dns_says "$(dns_name "$open")" NXDOMAIN
tap_is 'in relays, too' NXDOMAIN "$(dns_ask "$(dns_name "$open" relays)")"
tap_like 'the request is kept in its history' 'delisted' \
	"$(orbl explain --json "$open" | jq -r '.delistings[0].state')"
tap_status 'what is not listed cannot be delisted' 2 orbl delist "$open"

# Closed for the test alone.
tap_is 'it is tested once more' 'confirming retest' \
	"$(orbl explain --json "$open" | jq -r '.probes[0].cause')"
tap_is 'until then it is cleared' cleared "$(host_of "$open" .state)"
lab_postfix_reconfigure open.test 'mynetworks = 0.0.0.0/0' ||
	tap_bail 'the relay cannot be opened again'
tap_ok 'open again it is listed again' orbl_wait 60 dns_says "$(dns_name "$open")" 127.0.0.2
tap_is 'as one that relapsed' 1 "$(host_of "$open" .relapses)"
tap_is 'for twice the time' 20 "$(days_listed "$open")"
tap_done

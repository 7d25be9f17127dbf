#!/bin/bash
# make_samples.sh [DIR] - have two real Postfix servers write mx1.log and mx2.log into DIR (default:
# here), from the dialogues in the file sessions. Needs root, and the package from a mirror.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tools/mta_lab.sh"

start() { # NAME ADDR DOMAIN USER USER [LINE...]
	local name=$1 addr=$2 domain=$3 users="{$4@$3=ok} {$5@$3=ok}"
	shift 5
	lab_postfix_start "$name" "$addr" "mydestination = \$myhostname, $domain" \
		"local_recipient_maps = inline:{ $users }" 'local_transport = discard:' \
		'inet_protocols = all' 'mynetworks = 127.0.0.1/32' 'smtpd_helo_required = yes' \
		'smtpd_error_sleep_time = 0' "$@"
}

# Postfix as it comes answers a stranger's recipient with 454.
start_mx1() {
	start mx1.example.org 127.0.11.1 example.org alice bob \
		'smtpd_helo_restrictions = reject_invalid_helo_hostname' \
		'smtpd_sender_restrictions = reject_non_fqdn_sender'
}

# No check of HELO here: what the client says reaches the denials.
start_mx2() {
	start mx2.example.net 127.0.11.2 example.net carol dave \
		'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination'
}

play() { # NAME ADDR SHORT DIR
	local log
	log=$(lab_postfix_log "$1")
	if ! python3 "$here/../tools/smtp_play.py" "$2" "$3" <"$here/sessions" \
		>"$lab_run/$3.said"; then
		tail -n 5 "$lab_run/$3.said" "$log"
		return 1
	fi
	lab_postfix_stop "$1"
	grep -q 'Relay access denied' "$log" && cp "$log" "$4/$3.log"
}

main() {
	local to=${1:-$here}
	start_mx1 && start_mx2 && play mx1.example.org 127.0.11.1 mx1 "$to" &&
		play mx2.example.net 127.0.11.2 mx2 "$to" || exit
	printf 'written by Postfix %s\n' "$(lab_postfix_version)"
	wc -l "$to"/mx[12].log
}

main "$@"

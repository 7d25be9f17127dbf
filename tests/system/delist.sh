# delist.sh - off the list and on it again, with real servers: Postfix is the relay, Unbound the
# resolver, our own daemons the list. The removal is in DNS within a second; a relapse locks the
# host out, a TXT record or a token from the postmaster's mailbox lets it in again. The abuse
# contact gets a notice that Postfix takes and programs can read.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/mta_lab.sh"
. "$top_srcdir/tests/tools/orbl_lab.sh"
. "$top_srcdir/tests/tools/dns_ask.sh"

collector=127.0.9.3
host=127.0.21.1 isp=127.0.21.5
reversed=1.21.0.127

stop_all() {
	orbl_end
	lab_stop_all
}

# --- the resolver ---

write_unbound() { # RECORD...: of the reverse zone
	cat >"$orbl_dir/unbound.conf" <<-END
	server:
	    interface: 127.0.0.1@$resolver_port
	    access-control: 127.0.0.0/8 allow
	    do-daemonize: no
	    username: ""
	    chroot: ""
	    directory: "$orbl_dir"
	    pidfile: ""
	    logfile: ""
	    use-syslog: no
	    num-threads: 1
	    do-ip6: no
	    module-config: "iterator"
	    local-zone: "in-addr.arpa." static
	    local-zone: "contacts.test." static
	    local-data: '$reversed.contacts.test. TXT "abuse@isp.test"'
	$([ $# = 0 ] || printf "    local-data: '%s'\n" "$@")
	remote-control:
	    control-enable: no
	END
}

resolver_says() { # NAME
	dig +short +tries=1 +time=1 -p "$resolver_port" @127.0.0.1 "$1" TXT | grep -q '^"'
}

start_resolver() { # RECORD...
	orbl_stop unbound
	write_unbound "$@"
	orbl_spawn unbound unbound -d -c "$orbl_dir/unbound.conf"
	orbl_wait 10 resolver_says "$reversed.contacts.test"
}

# --- the host ---

# Its postmaster's mail is alice's.
start_host() {
	lab_postfix_start relay.test "$host:$orbl_probe_port" \
		"relayhost = [$collector]:$orbl_collector_port" 'mynetworks = 0.0.0.0/0' \
		"proxy_interfaces = $host" 'local_recipient_maps = inline:{postmaster=x}' \
		'luser_relay = alice'
}

open_host() {
	lab_postfix_reconfigure relay.test 'mynetworks = 0.0.0.0/0'
}

close_host() {
	lab_postfix_reconfigure relay.test 'mynetworks = 127.0.20.99/32' \
		'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination'
}

# --- what there is to see ---

dns_says() { # WANTED
	[ "$(dns_ask "$(dns_name "$host")")" = "$1" ]
}

is_listed() {
	[ "$(orbl check --json "$host" | jq .listed)" = "$1" ]
}

# Milliseconds until DNS says so.
dns_delay() { # WANTED
	local start
	start=$(date +%s%3N)
	orbl_wait 10 dns_says "$1" && echo $(($(date +%s%3N) - start))
}

within_a_second() { # MILLISECONDS
	[ -n "$1" ] && [ "$1" -le 1000 ]
}

notice() {
	ls "$orbl_dir/spool/"*.eml 2>/dev/null | head -n 1
}

has_notice() {
	[ -n "$(notice)" ]
}

# In the isp's own namespaces, as its users would.
sendmail_at_isp() {
	local init
	init=$(ps -o pid= --ppid "$(cat "$lab_run/isp.test/pid")") &&
		nsenter -t "${init// /}" -m chroot "$lab_run/isp.test/root" /usr/sbin/sendmail -i -t
}

token_in_mail() {
	grep -oE '^    [0-9a-f]{32}' "$lab_run/relay.test/var/mail/alice" | tail -n 1 | tr -d ' '
}

[ "$(id -u)" = 0 ] || tap_bail 'needs root'
command -v unbound >/dev/null || tap_bail 'no unbound here: ./bootstrap deps installs it'
lab_begin || tap_bail 'no laboratory'
orbl_begin
trap stop_all EXIT
resolver_port=$(orbl_free_port)
mkdir "$orbl_dir/spool"
cat >>"$orbl_dir/orbl.conf" <<END
collector.listen = "$collector@$orbl_collector_port"
dnsd.check_interval = 60
probe.retest_before = 0
delist.resolver = "127.0.0.1@$resolver_port"
delist.confirm_after = 15s
delist.lockout = 2h
delist.requests_per_day = 20
notify.spool = "$orbl_dir/spool"
notify.contacts = "contacts.test"
notify.from = "relays@list.test"
END
start_resolver || tap_bail 'unbound does not answer'
start_host || tap_bail 'a Postfix did not start'
lab_postfix_start isp.test "$isp:$orbl_probe_port" 'mydestination = isp.test' \
	'local_recipient_maps =' 'luser_relay = alice' || tap_bail 'a Postfix did not start'
chmod 1777 "$lab_run"/{relay,isp}.test/var/mail
orbl_start_analyzer
orbl_start_dnsd
for reporter in mx1 mx2; do
	for i in 1 2; do orbl_denial "$host" "$reporter"; done >"$orbl_dir/$reporter.log"
	orbl submit --reporter "$reporter" "$orbl_dir/$reporter.log" >/dev/null
done
orbl_wait 60 is_listed true || tap_bail 'the relay is not listed'
tap_ok 'DNS lists it' orbl_wait 10 dns_says 127.0.0.2

# --- the notice ---

tap_ok 'a notice is made' orbl_wait 60 has_notice
tap_ok 'it is a message with a report' python3 - "$(notice)" "$host" <<'END'
import base64, email, email.policy, json, re, sys
m = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)
assert m["To"] == "abuse@isp.test" and m["Auto-Submitted"] == "auto-generated", m.items()
parts = {p.get_filename(): p for p in m.iter_parts()}
report = json.loads(parts["xarf.json"].get_content())
for name in ("xarf_version report_id timestamp reporter sender source_identifier category type "
             "service evidence").split():
    assert report[name], name
assert re.fullmatch(r"4\.\d+\.\d+", report["xarf_version"])
assert report["source_identifier"] == sys.argv[2]
assert (report["category"], report["type"]) == ("vulnerability", "open_service")
dialogue = base64.b64decode(report["evidence"][0]["payload"]).decode()
assert "RCPT TO:<TOKEN@" in dialogue and "RCPT TO:<TOKEN@" in parts["dialogue.txt"].get_content()
assert not re.search(r"[a-z2-7]{28}", dialogue), dialogue
END
tap_ok 'sendmail takes it' sendmail_at_isp <"$(notice)"
tap_ok 'and delivers it' lab_wait_log isp.test 'to=<abuse@isp.test>.*status=sent'
tap_like 'whole' 'filename="xarf.json"' "$(cat "$lab_run/isp.test/var/mail/alice")"

# --- a refusal, and a removal ---

tap_status 'an open relay stays listed' 1 orbl delist "$host"
tap_like 'the answer names the case' 'case   P01-plain' "$tap_output"
tap_like 'and what was said' 'RCPT   <TOKEN@' "$tap_output"
tap_like 'and what it means' 'relays mail for strangers' "$tap_output"
tap_status 'its ticket says the same' 1 orbl status 1
tap_is 'the proving case came first, one message told all' P01-plain \
	"$(orbl explain --json "$host" | jq -r '[.probes[0].result.cases[].case] | join(" ")')"
close_host || tap_bail 'the relay cannot be closed'
tap_ok 'closed, it is delisted' orbl delist "$host"
delay=$(dns_delay NXDOMAIN)
tap_note "in DNS ${delay:-never} ms after the answer"
tap_ok 'and gone from DNS within a second' within_a_second "$delay"
tap_is 'the ticket says until when resolvers may remember it' true \
	"$(orbl status --json 2 | jq '.state == "delisted" and .visible_by > .finished')"

# --- a relapse ---

open_host || tap_bail 'the relay cannot be opened'
tap_ok 'opened again, the confirming test finds it' orbl_wait 60 is_listed true
tap_status 'now it is locked out' 1 orbl delist "$host"
tap_like 'and told why' 'relapse 1' "$tap_output"
close_host || tap_bail 'the relay cannot be closed'
tap_status 'a token is mailed' 1 orbl delist --prove=mail "$host"
tap_like 'the host took it' 'has accepted the mail' "$tap_output"
tap_ok 'it reaches the postmaster' lab_wait_log relay.test 'to=<postmaster@\[127.0.21.1\]>.*status=sent'
tap_status 'one a day' 1 orbl delist --prove=mail "$host"
tap_status 'another token is none' 1 orbl delist --token 00000000000000000000000000000000 "$host"
tap_ok 'with the token it is delisted at once' orbl delist --token "$(token_in_mail)" "$host"

# --- another one ---

open_host || tap_bail 'the relay cannot be opened'
tap_ok 'it relapses again' orbl_wait 60 is_listed true
tap_status 'and is locked out again' 1 orbl delist "$host"
tap_like 'twice as long' 'relapse 2.*4 hours' "$tap_output"
close_host || tap_bail 'the relay cannot be closed'
tap_status 'the old token is worth nothing' 1 orbl delist --token "$(token_in_mail)" "$host"
tap_status 'a record proves control' 1 orbl delist --prove "$host"
record=$(grep -oE '_orbl-verify.*TXT "orbl-verify=[0-9a-f]{32}"' <<<"$tap_output")
tap_like 'which one is told' "_orbl-verify.$reversed.in-addr.arpa. TXT" "$record"
start_resolver "$record" || tap_bail 'unbound does not answer'
tap_ok 'it is found' orbl delist --prove "$host"
tap_ok 'and the host is delisted' orbl delist "$host"
tap_ok 'in DNS, too' orbl_wait 1 dns_says NXDOMAIN
tap_done

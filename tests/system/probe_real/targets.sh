# targets.sh - real mail servers of known truth, for a prober: source it after mta_lab.sh and
# mta_more.sh, in a network of lab_network.
#
#	targets            the table: name, last number of its address, truth
#	target_address NAME
#	targets_start      DNS, then all of them; ended by lab_stop_all
#
# DNS has the MX of the collector's domain, and who relays delivers to it; OpenSMTPD, which asks
# DNS in its own way, has it as a smart host. A server sends from the address that it listens on.

prober=198.51.100.9
prober2=198.51.100.10
collector=203.0.113.25

# name | number of its address | verdict | case that comes back | output: . is itself | what it is
targets='
postfix-stock|1|closed|||as Debian installs it
postfix-reject|2|closed|||reject_unauth_destination
postfix-open|3|open|P01-plain|.|mynetworks = 0.0.0.0/0
postfix-null|4|open|P02-null|.|access map: <> OK
postfix-host|5|open|P07-fhost|.|access map: own host name OK
postfix-domain|6|open|P08-fparent|.|access map: own domain OK
postfix-gateway|7|open|P12-pct-parent|.|allow_untrusted_routing, a percent hack behind it
postfix-inside|8|closed|||the host behind that gateway
postfix-front|9|open-multihop|P01-plain|postfix-smart|open, with a relayhost
postfix-smart|10|closed|||that relayhost
postfix-tls|11|open|P01-plain|.|open behind STARTTLS only
postfix-tls-closed|12|closed|||closed behind STARTTLS only
postfix-discard|13|accepts|||takes all mail and discards it
postfix-bounce|14|bounces|||takes all mail and bounces it
postfix-data|15|closed|||open, but for smtpd_data_restrictions = reject
postfix-verify|16|closed|||reject_unverified_sender: asks our collector about us
postfix-dnsbl|17|untestable|||open, but reject_rbl_client has our address
postfix-sender|33|closed|||reject_unknown_sender_domain: 450 to some of our senders
postfix-client|18|untestable|||refuses our address at connect, closed to others
postfix-catchall|19|accepts|||luser_relay: every local part is a mailbox
exim-stock|20|closed|||as Debian configures it
exim-open|21|open|P01-plain|.|relay_from_hosts = *
exim-limits|22|closed|||own configuration, limits of Exim itself
exim-percent|23|open|P11-pct-host|.|a percent router, no check of the local part
exim-callout|24|closed|||calls out to our collector, then refuses
exim-callout-open|25|open|P01-plain|.|calls out to our collector, then relays
opensmtpd-stock|26|closed|||mail for its own domain only
opensmtpd-open|27|open|P01-plain|.|match from any for any
opensmtpd-from|28|open|P07-fhost|.|match from any mail-from its own domain
sendmail-stock|29|closed|||as Debian configures it
sendmail-open|30|open|P01-plain|.|promiscuous_relay
sendmail-from|31|open|P07-fhost|.|relay_local_from, accept_unqualified_senders
sendmail-percent|32|open-multihop|P12-pct-parent|postfix-gateway|loose_relay_check, the host behind it
'

target_names() {
	awk -F'|' 'NF > 1 { print $1 }' <<<"$targets"
}

target_field() { # NAME NUMBER
	awk -F'|' -v name="$1" -v n="$2" '$1 == name { print $n }' <<<"$targets"
}

target_address() { # NAME
	printf '192.0.2.%s\n' "$(target_field "$1" 2)"
}

# --- DNS ---

# Each name below the collector's domain leads to the collector, as its operator would have it.
targets_dns_conf() {
	local name
	printf '%s\n' server: 'do-daemonize: no' 'username: ""' 'chroot: ""' 'directory: ""' \
		'pidfile: ""' 'use-syslog: no' 'module-config: "iterator"' \
		'access-control: 0.0.0.0/0 allow' 'local-zone: "." static' \
		'local-zone: "probe.test." redirect' 'local-zone: "nosuch.probe.test." static' \
		'local-data: "example.net. MX 10 postfix-inside.example.net."' \
		'local-data: "probe.test. MX 10 mx.collector.test."' \
		"local-data: \"mx.collector.test. A $collector\"" \
		"local-data-ptr: \"$prober relay-test.example.org\"" \
		"local-data-ptr: \"$prober2 relay-test2.example.org\"" \
		"local-data: \"relay-test.example.org. A $prober\"" \
		"local-data: \"relay-test2.example.org. A $prober2\"" \
		'local-data: "9.100.51.198.dnsbl.test. A 127.0.0.2"'
	for name in $(target_names); do
		printf '%s\n' "interface: $(target_address "$name")" \
			"local-data: \"$name.example.net. A $(target_address "$name")\"" \
			"local-data-ptr: \"$(target_address "$name") $name.example.net\""
	done
}

targets_dns_start() {
	lab_daemon_start dns unbound.conf '/usr/sbin/unbound -d -c /etc/unbound.conf' \
		< <(targets_dns_conf)
}

# --- servers ---

closed='permit_mynetworks, reject_unauth_destination'

postfix() { # NAME LINE...
	local name=$1
	shift
	lab_postfix_start "$name.example.net" "$(target_address "$name"):25" "$@"
}

# Rules of an access map before those that close a relay.
postfix_access() { # NAME KEY LINE...
	local name=$1 key=$2
	shift 2
	postfix "$name" "smtpd_relay_restrictions = check_sender_access inline:{{$key = OK}}, $closed" "$@"
}

certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=postfix-tls.example.net \
		-keyout "$lab_run/tls.key" -out "$lab_run/tls.crt" 2>/dev/null &&
		cat "$lab_run/tls.key" "$lab_run/tls.crt" >"$lab_run/tls.pem"
}

# With a certificate and tlsmgr.
postfix_tls() { # NAME LINE...
	local name=$1.example.net dir=$lab_run/$1.example.net
	lab_postfix_configure "$dir" "$name" "$(target_address "$1")" 25 \
		'smtpd_tls_security_level = encrypt' \
		'smtpd_tls_chain_files = /etc/postfix/tls.pem' "${@:2}" &&
		cp "$lab_run/tls.pem" "$dir/config/tls.pem" &&
		echo 'tlsmgr unix - - n 1000? 1 tlsmgr' >>"$dir/config/master.cf" || return
	lab_spawn "$name"
	lab_wait_ready "$name"
}

start_postfix_tricks() {
	local all='mynetworks = 0.0.0.0/0' inside gateway front smart
	inside=$(target_address postfix-inside) gateway=$(target_address postfix-gateway)
	front=$(target_address postfix-front) smart=$(target_address postfix-smart)
	postfix postfix-gateway 'relay_domains = example.net' 'allow_untrusted_routing = yes' \
		"mynetworks = $inside/32, $gateway/32" \
		"transport_maps = inline:{example.net=relay:[$inside]}" &&
		postfix postfix-inside 'mydestination = example.net' "relayhost = [$gateway]" \
			"mynetworks = $gateway/32, $(target_address sendmail-percent)/32" &&
		postfix postfix-front "$all" "relayhost = [$smart]" &&
		postfix postfix-smart "mynetworks = $front/32" &&
		postfix postfix-discard "$all" 'default_transport = discard:' &&
		postfix postfix-bounce "$all" \
			"default_transport = smtp:[$(target_address postfix-reject)]" \
			'sender_dependent_default_transport_maps = inline:{{<> = smtp:}}' \
			'smtpd_sender_restrictions = check_sender_access inline:{{<> = REJECT}}' &&
		postfix postfix-data "$all" 'smtpd_data_restrictions = reject' &&
		postfix postfix-verify 'address_verify_poll_delay = 1' \
			'smtpd_sender_restrictions = reject_unverified_sender' &&
		postfix postfix-dnsbl "$all" \
			'smtpd_recipient_restrictions = reject_rbl_client dnsbl.test' &&
		postfix postfix-sender \
			'smtpd_sender_restrictions = reject_unknown_sender_domain' &&
		postfix postfix-client 'smtpd_delay_reject = no' \
			"smtpd_client_restrictions = check_client_access inline:{{$prober = REJECT}}" &&
		postfix postfix-catchall 'luser_relay = root' 'local_recipient_maps =' \
			'mydestination = example.net, $myhostname' 'allow_percent_hack = no' \
			'swap_bangpath = no' 'resolve_dequoted_address = no' \
			'default_transport = discard:' 'local_transport = discard:'
}

start_postfix() {
	postfix postfix-stock &&
		postfix postfix-reject \
			"smtpd_relay_restrictions = $closed" &&
		postfix postfix-open 'mynetworks = 0.0.0.0/0' &&
		postfix_access postfix-null '<>' &&
		postfix_access postfix-host postfix-host.example.net &&
		postfix_access postfix-domain example.net 'parent_domain_matches_subdomains =' &&
		certificate &&
		postfix_tls postfix-tls 'mynetworks = 0.0.0.0/0' &&
		postfix_tls postfix-tls-closed &&
		start_postfix_tricks
}

exim() { # NAME LINE...
	local name=$1
	shift
	lab_exim_start "$name.example.net" "$(target_address "$name")" \
		"REMOTE_SMTP_INTERFACE = $(target_address "$name")" "$@"
}

# Not Debian's configuration, but a short one.
exim_own() { # NAME ROUTER RULE
	local dir addr addr6 lines conf
	lab_more_begin exim4-daemon-light "$1.example.net" "$(target_address "$1")" || return
	conf=$(cat "$top_srcdir/tests/system/probe_real/exim.conf") || return
	conf=${conf//@NAME@/"$1.example.net"} conf=${conf//@ADDR@/"$addr"}
	conf=${conf/@ROUTER@/"$2"} conf=${conf/@RULE@/"$3"}
	mkdir -p "$dir/etc/exim4" && printf '%s\n' "$conf" >"$dir/etc/exim4/exim4.conf"
	cat >"$dir/main" <<-'END'
	mkdir -p /var/spool/exim4 /var/log/exim4
	chown -R Debian-exim:mail /var/spool/exim4 /var/log/exim4
	exec /usr/sbin/exim4 -bdf -q30m
	END
	lab_more_run "$1.example.net"
}

start_exim() {
	local percent
	percent=$(printf '%s\n' percent: '  driver = redirect' '  domains = +local_domains' \
		'  local_parts = ^.*%.*' '  data = ${sg{$local_part}{%}{@}}')
	exim exim-stock && exim exim-open 'MAIN_RELAY_NETS = *' &&
		exim_own exim-limits '' '' &&
		exim_own exim-percent "$percent" '  accept domains = +local_domains' &&
		exim_own exim-callout '' '  deny !verify = sender/callout=10s' &&
		exim_own exim-callout-open '' '  accept verify = sender/callout=10s'
}

opensmtpd() { # NAME CONDITION...
	local address
	address=$(target_address "$1")
	lab_opensmtpd_start "$1.example.net" "$address" \
		"action \"out\" relay host \"smtp://$collector\" src \"$address\"" \
		"match from any $2 for any action \"out\""
}

start_opensmtpd() {
	lab_opensmtpd_start opensmtpd-stock.example.net "$(target_address opensmtpd-stock)" &&
		opensmtpd opensmtpd-open '' &&
		opensmtpd opensmtpd-from 'mail-from "@opensmtpd-from.example.net"'
}

sendmail() { # NAME LINE...
	local name=$1
	shift
	lab_sendmail_start "$name.example.net" "$(target_address "$name")" \
		"CLIENT_OPTIONS(\`Family=inet, Addr=$(target_address "$name")')dnl" "$@"
}

start_sendmail() {
	sendmail sendmail-stock && sendmail sendmail-open 'FEATURE(`promiscuous_relay'"'"')dnl' &&
		sendmail sendmail-from 'FEATURE(`relay_local_from'"'"')dnl' \
			'FEATURE(`accept_unqualified_senders'"'"')dnl' &&
		sendmail sendmail-percent 'FEATURE(`loose_relay_check'"'"')dnl' \
			'RELAY_DOMAIN(`example.net'"'"')dnl'
}

# Instead of waiting for one after the other, for all at the end.
eval "$(declare -f lab_wait_ready | sed '1s/lab_wait_ready/wait_until_ready/')"
lab_wait_ready() { # NAME
	started+=("$1")
}

targets_start() {
	local started=() name
	lab_begin && targets_dns_start && start_postfix && start_exim && start_opensmtpd &&
		start_sendmail || return
	for name in "${started[@]}"; do
		wait_until_ready "$name" || return
	done
}

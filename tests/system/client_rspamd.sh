# client_rspamd.sh - a real rspamd with what `orbl snippet rspamd` prints: what it asks of the list,
# and when it takes it for dead.
. "${top_srcdir:?}/tests/system/client_lib.sh"
client_begin rspamd "$0" "$@"

told='ORBL_RELAY \(6\.00\)\[192\.0\.2\.2:from'

ask_client() { # ADDRESS
	local said
	said=$(client_in_box rspamc -h 127.0.0.1:11333 -i "$1" symbols /var/mail/message 2>&1 |
		grep -E 'ORBL|rror|Action' | tr '\n' ' ')
	case $said in
	*'ORBL_RELAY '* | *'ORBL_RELAY_INPUT '*) echo "reject $said" ;;
	*Action:*) echo "pass $said" ;;
	*) echo "trouble $said" ;;
	esac
}

# Of rspamd's parts those run that a list needs. It looks every few seconds, not every
# half hour, whether a list lives that did so before.
configure() {
	mkdir -p "$1"
	cp -a "$lab_dir/rspamd/etc/rspamd/." "$1/"
	cat >"$1/local.d/options.inc" <<-END
	dns { nameserver = ["$resolver:53:1"]; timeout = 3s; retransmits = 2; }
	monitoring_watch_interval = 50ms;
	url_tld = "/etc/rspamd/few_tlds";
	disable_hyperscan = true;
	END
	# To compile those of the world takes ten seconds and more.
	printf '%s\n' example test net >"$1/few_tlds"
	printf '%s\n' 'type = "file"; filename = "/var/log/rspamd.log"; level = "info";' \
		'debug_modules = ["monitored"];' \
		>"$1/local.d/logging.inc"
	printf '%s\n' 'bind_socket = "127.0.0.1:11333"; count = 1;' >"$1/local.d/worker-normal.inc"
	# It is the controller that looks whether lists live.
	printf '%s\n' 'bind_socket = "127.0.0.1:11334"; count = 1;' \
		>"$1/local.d/worker-controller.inc"
	for worker in proxy fuzzy; do
		echo 'enabled = false;' >"$1/local.d/worker-$worker.inc"
	done
}

client_zone_start
client_box rspamd
configure "$box/etc/rspamd"
client_snippet rspamd
client_put "$dir/snippet" "$box"
echo 'mkdir -p /var/lib/rspamd; exec rspamd -f -i' >"$box/main"
printf 'From: a@sender.example\nTo: b@mx.example\nSubject: hello\nDate: %s\nMessage-ID: <1@x>\n\nhi\n' \
	"$(date -R)" >"$box/var/mail/message"
lab_spawn rspamd
answers() { client_answers pass 192.0.2.20; }
wait_until 60 answers || { tap_note "$(tail -n 30 "$box/var/log/rspamd.log" "$box/output")"
	tap_bail 'rspamd does not start'; }
tap_ok 'the configuration is right' client_in_box rspamadm configtest
tap_like 'a suspect has a symbol and few points' 'ORBL_SUSPECT \(2\.00\)\[192\.0\.2\.4:from' \
	"$(ask_client 192.0.2.4)"
tap_like 'an IPv6 relay' 'ORBL_RELAY \(6\.00\)\[2001:db8:bad::2:from' "$(ask_client 2001:db8:bad::2)"
client_is 'its neighbour passes' pass 2001:db8:bad::3
client_scenario

# --- what rspamd thinks of the list ---

log=$box/var/log/rspamd.log
monitored() { # TEXT : how often
	grep -Ec "monitored; .* $1" "$log"
}
is_checked() { # TIMES
	[ "$(monitored "dns callback for all.$zone in .*: no records")" -ge "$1" ]
}
is_off() {
	[ "$(monitored "on resolving all.$zone, disable object")" -gt "$offs" ] &&
		! ask_client 192.0.2.3 | grep -q ORBL
}

restored=$(monitored "restoring all.$zone after")
offs=$(monitored "on resolving all.$zone, disable object")
checked=$(monitored "dns callback for all.$zone in .*: no records")
tap_ok 'rspamd looks whether the list lives' wait_until 20 is_checked $((checked + 5))
tap_is 'and finds that it does' "$offs" "$(monitored "on resolving all.$zone, disable object")"
client_is 'and goes on asking it' reject 192.0.2.3
client_dnsd_restart --zone "=rbldnsd:acl:$dir/acl"
tap_ok 'a list that refuses it is not asked any more' wait_until 30 is_off
client_is 'a listed client passes' pass 192.0.2.3
client_again 'refusal'
tap_is 'rspamd says so' $((restored + 1)) "$(monitored "restoring all.$zone after")"

# --- with a key ---

client_publish '192.0.2.2 relay'
lab_postfix_stop rspamd
rm -r "$box/etc/rspamd"
configure "$box/etc/rspamd"
client_snippet rspamd --key $key
client_put "$dir/snippet" "$box"
lab_spawn rspamd
wait_until 60 answers || tap_bail 'rspamd does not start'
client_is 'with a key: a relay is rejected' reject 192.0.2.2
client_is 'who is not listed passes' pass 192.0.2.20
tap_is 'what rspamd says of the mail has no key' '' "$(client_in_box rspamc -h 127.0.0.1:11333 \
	-i 192.0.2.2 /var/mail/message | grep -i $key)"
tap_done

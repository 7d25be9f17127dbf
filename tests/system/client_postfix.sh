# client_postfix.sh - a real Postfix with what `orbl snippet postfix` prints; client_postscreen.sh has
# the same for postscreen.
. "${top_srcdir:?}/tests/system/client_lib.sh"
client_begin postfix "$0" "$@"

daemon=${daemon:-smtpd}
snippet=${snippet:-postfix}
server=mx.example.net
address=198.51.100.25
address6=2001:db8::5
warned= # the lines with warn_if_reject are no comments any more

ask_client() { # ADDRESS
	local to=$address said
	case $1 in *:*) to=$address6 ;; esac
	said=$(python3 "$top_srcdir/tests/system/client_smtp.py" "$to" "$1" "alice@$server" 2>&1)
	case $said in
	2*) echo "pass $said" ;;
	5*) echo "reject $said" ;;
	*) echo "trouble $said" ;;
	esac
}

# An smtpd keeps what DNS said as long as it lives, whatever the TTL: 100 clients, or 100 s without
# one. Here each lives for one client.
master_cf() { # smtpd|postscreen
	case $1 in
	postscreen)
		printf 'smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd -o max_use=1\n'
		printf 'dnsblog unix - - n - 0 dnsblog\n'
		printf 'tlsproxy unix - - n - 0 tlsproxy\n' ;;
	*) printf 'smtp inet n - n - - smtpd -o max_use=1\n' ;;
	esac
	grep -v ' inet ' "$dir/master.cf"
}

start_with() { # smtpd|postscreen SNIPPET [OPTION...]
	local daemon=$1 config=$box/config
	shift
	lab_postfix_stop $server
	client_snippet "$@"
	rm -rf "$dir/put"
	mkdir -p "$dir/put/etc/postfix"
	cp "$dir/main.cf" "$dir/put/etc/postfix/"
	[ -z "$warned" ] || sed -i 's/^#\twarn_if_reject/\twarn_if_reject/' "$dir/snippet"
	client_put "$dir/snippet" "$dir/put"
	cp "$dir"/put/etc/postfix/* "$config/"
	master_cf "$daemon" >"$config/master.cf"
	rm -f "$box"/var/lib/postfix/postscreen_cache*
	client_resolv_conf 5 3 >"$box/resolv.conf"
	lab_spawn $server && lab_wait_ready $server || tap_bail 'Postfix does not start'
}

hides_key() { # DAEMON
	client_is "$1 with a key: a relay is rejected" reject 192.0.2.2
	tap_like 'under the name without the key' "blocked using $zone(;|\$)" "$(ask_client 192.0.2.2)"
	client_is 'an IPv6 relay, too' reject 2001:db8:bad::2
	client_is 'a suspect passes' pass 192.0.2.4
	tap_is 'no reply of Postfix has the key' '' "$(grep -E "reject: .*$key" \
		"$(lab_postfix_log $server)")"
}

[ $daemon = smtpd ] || { told="blocked using $zone" patience=4; }
client_zone_start
# One process serves both addresses, as it has to be with postscreen; inet_interfaces wants
# addresses that are set, not only routed.
ip addr add $address/32 dev lo || tap_bail 'no right to set an address'
lab_addr6=$address6 lab_postfix_start $server $address 'inet_protocols = all' \
	'mydestination = mx.example.net' 'local_recipient_maps =' 'smtpd_peername_lookup = no' \
	'smtpd_error_sleep_time = 0' 'postscreen_greet_wait = 1s' \
	'postscreen_dnsbl_min_ttl = 1s' 'postscreen_dnsbl_max_ttl = 1s' \
	"inet_interfaces = $address, $address6" || tap_bail 'Postfix does not start'
box=$lab_run/$server
cp "$box/config"/{main,master}.cf "$dir/"

start_with $daemon $snippet
client_is 'the test point 127.0.0.2 is rejected' reject 127.0.0.2
client_is '127.0.0.1 is not' pass 127.0.0.1
client_is 'an IPv6 relay is rejected' reject 2001:db8:bad::2
client_is 'its neighbour passes' pass 2001:db8:bad::3
client_scenario

client_publish '192.0.2.2 relay'
start_with $daemon $snippet --key $key
hides_key $daemon
[ $daemon = smtpd ] || tap_done

warned=yes
start_with smtpd postfix
client_is 'what is commented in: a suspect passes' pass 192.0.2.4
tap_ok 'and is logged' lab_wait_log $server \
	"reject_warning: RCPT from .*\[192.0.2.4\]: 554.* using suspects.$zone; .*not proved" 5
tap_done

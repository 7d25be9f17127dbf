# client_exim.sh - a real Exim, configured as Debian does it, with what `orbl snippet exim` prints.
. "${top_srcdir:?}/tests/system/client_lib.sh"
client_begin exim4-daemon-light "$0" "$@"

server=mx.example.net
address=198.51.100.25
address6=2001:db8::5

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

start_with() { # SNIPPET [OPTION...]
	local put=$dir/put/etc/exim4
	lab_postfix_stop $server
	client_snippet "$@"
	rm -rf "$dir/put"
	mkdir -p "$put"
	cp "$dir/localmacros" "$put/exim4.conf.localmacros"
	client_put "$dir/snippet" "$dir/put"
	cp "$put"/* "$box/etc/exim4/"
	lab_spawn $server && lab_wait_ready $server || tap_bail 'Exim does not start'
}

client_zone_start
lab_exim_start $server $address $address6 || tap_bail 'Exim does not start'
box=$lab_run/$server
cp "$box/etc/exim4/exim4.conf.localmacros" "$dir/localmacros"
client_resolv_conf 5 3 >"$box/resolv.conf"

start_with exim
client_is 'the test point 127.0.0.2 is rejected' reject 127.0.0.2
client_is '127.0.0.1 is not' pass 127.0.0.1
client_is 'an IPv6 relay is rejected' reject 2001:db8:bad::2
client_is 'its neighbour passes' pass 2001:db8:bad::3
client_scenario

log=$box/var/log/exim4/mainlog
tap_like 'what is not proved is logged' 'Warning: 192.0.2.4 is suspect of dnsbl.test' "$(cat "$log")"
client_publish '192.0.2.2 relay'
tap_ok 'the list is back' wait_until 10 client_answers reject 192.0.2.2
start_with exim --key $key
client_is 'with a key: a relay is rejected' reject 192.0.2.2
tap_like 'under the name without the key' "is listed at $zone: .*open relay" "$(ask_client 192.0.2.2)"
tap_is 'no reply has the key' '' "$(grep -E "rejected .*$key" "$log")"
tap_done

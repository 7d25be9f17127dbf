# client_rblcheck.sh - rblcheck, which many monitors are made with, asks the list: its exit status is
# the number of lists that have the address.
. "${top_srcdir:?}/tests/system/client_lib.sh"
client_begin rblcheck "$0" "$@"

# rblcheck has no codes to choose from: it is asked about the base zone, which has what is proved.
ask_client() { # ADDRESS
	local said status=0
	said=$(client_in_box rblcheck -t -c -s $zone "$1" 2>&1 | tr '\n' ' '; exit "${PIPESTATUS[0]}") ||
		status=$?
	case $status in
	0) echo "pass $said" ;;
	1) echo "reject $said" ;;
	*) echo "trouble $status $said" ;;
	esac
}

client_zone_start
client_box rblcheck
echo 'exec sleep infinity' >"$box/main"
lab_spawn rblcheck
runs() { client_in_box test -x /usr/bin/rblcheck 2>/dev/null; }
wait_until 20 runs || tap_bail 'rblcheck does not start'

count() { # ADDRESS ZONE... : how many of them list it
	local address=$1 status=0 options=()
	shift
	for name in "$@"; do options+=(-s "$name"); done
	client_in_box rblcheck -q -c "${options[@]}" "$address" >/dev/null 2>&1 || status=$?
	echo $status
}

for address in 127.0.0.2 ::ffff:127.0.0.2; do
	client_is "the test point $address" reject $address
done
for address in 127.0.0.1 ::ffff:127.0.0.1; do
	client_is "$address is not listed" pass $address
done
client_is 'an IPv6 relay' reject 2001:db8:bad::2
client_is 'its neighbour' pass 2001:db8:bad::3
client_is 'a suspect is not in the base zone' pass 192.0.2.4
tap_is 'but in two others' 2 "$(count 192.0.2.4 $zone {relays,suspects,outputs,all}.$zone)"
tap_is 'a relay is in three' 3 "$(count 192.0.2.2 $zone {relays,suspects,outputs,all}.$zone)"
tap_is 'each zone has the test address of its code' '1 1 1 1 1 1' "$(for row in 2:relays 3:relays \
	4:suspects 5:outputs 6:untestable 7:bouncers; do count 127.0.0.${row%:*} ${row#*:}.$zone; done |
	paste -sd ' ')"
tap_is 'a key before the name' '1 1' "$(count 192.0.2.2 $key.$zone) $(count 192.0.2.4 $key.suspects.$zone)"
tap_is 'one that the server does not know lists nothing' 0 "$(count 192.0.2.2 "$(rev <<<"$key").$zone")"
client_scenario_listed
client_scenario_change
client_scenario_trouble
tap_done

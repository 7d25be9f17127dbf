#!/bin/bash
# transfer_knot.sh - Knot DNS as secondary of orbl-dnsd: AXFR, IXFR, NOTIFY, TSIG, a catalog zone;
# and a secondary that asks without end.
. "${top_srcdir:?}/tests/system/transfer_lib.sh"

tap_need knotd

knot_conf() { # ZONES
	cat >"$dir/secondary/knot.conf" <<-CONF
		server:
		  listen: $secondary@$secondary_port
		  rundir: "$dir/secondary"
		  user: root:root
		  background-workers: 2
		database:
		  storage: "$dir/secondary"
		log:
		  - target: stderr
		    any: info
		key:
		  - id: $key_name
		    algorithm: hmac-sha256
		    secret: $key_secret
		remote:
		  - id: signed
		    address: $primary@$port
		    via: $secondary
		    key: $key_name
		  - id: plain
		    address: $primary@$port
		    via: $secondary
		acl:
		  - id: notify_signed
		    address: $primary
		    key: $key_name
		    action: notify
		  - id: notify_plain
		    address: $primary
		    action: notify
		template:
		  - id: default
		    storage: "$dir/secondary"
		  - id: member
		    storage: "$dir/secondary"
		    master: signed
		    acl: [notify_signed, notify_plain]
		    refresh-min-interval: 3
		zone:
		$1
	CONF
}

knot_zone() { # NAME REMOTE [LINE]
	printf '  - domain: %s\n    master: %s\n    acl: notify_%s\n    refresh-min-interval: 3\n' "$1" \
		"$2" "$2"
	shift 2
	[ $# = 0 ] || printf '    %s\n' "$@"
}

knot_start() {
	secondary_start knotd -c "$dir/secondary/knot.conf"
}

base_list | primary_list 100
primary_start
knot_conf "$(knot_zone bl.test signed; knot_zone relays.bl.test plain)"
knot_start
test_changes Knot
tap_ok 'Knot says that it was IXFR' secondary_log_has 'bl.test.*IXFR, incoming.*finished'
secondary_stop

# --- the catalog ---------------------------------------------------------------------------------

dnsd_stop
rm -rf "$dir/secondary"
mkdir "$dir/secondary"
primary_start 'transfer.catalog = "catalog.test"' \
	"transfer.notify = {\"* $secondary@$secondary_port $key_name\"}"
knot_conf "$(knot_zone catalog.test signed 'catalog-role: interpret' 'catalog-template: member')"
knot_start
secondary_must_have bl.test 102
for zone in bl.test relays.bl.test bouncers.bl.test all.bl.test; do
	tap_ok "Knot takes $zone from the catalog" wait_until 60 secondary_has "$zone" 102
done
addresses 1 500 | questions bl.test all.bl.test
more_questions bl.test relays.bl.test outputs.bl.test suspects.bl.test
tap_same 'Knot answers the same for what the catalog has'
addresses 1 10 | awk '{ print "@", $0, "-" }' | primary_change 103
control reload >/dev/null
tap_ok 'NOTIFY reaches the zones of the catalog' wait_until 60 secondary_has bl.test 103
tap_same 'Knot answers the same after that'

# --- a secondary that asks without end -------------------------------------------------------------

timeout 20 python3 "$top_srcdir/tests/system/transfer_flood.py" "$primary" "$port" "$allowed" 5 \
	>"$dir/flood" 2>&1 &
flood_pid=$!
other_pids="$other_pids $flood_pid"
sleep 0.5
addresses 1 500 | questions bl.test all.bl.test
for _ in 1 2 3; do
	"$ask_all" "$primary@$port" <"$dir/questions" >"$dir/ours"
	grep -c timeout "$dir/ours"
done >"$dir/lost"
tap_is 'questions meanwhile lose nothing' '0 0 0 ' "$(tr '\n' ' ' <"$dir/lost")"
addresses 1 20 | awk '{ print "@", $0, "-" }' | primary_change 104
control reload >/dev/null
tap_ok 'another secondary meanwhile has its changes' wait_until 60 secondary_has bl.test 104
wait "$flood_pid"
tap_note "$(cat "$dir/flood")"
tap_ok 'it was asked 1,000 times a second' [ "$(awk '{ print $1 }' "$dir/flood")" -ge 5000 ]
tap_ok '... over TCP too' [ "$(awk '{ print $2 }' "$dir/flood")" -ge 500 ]

tap_done

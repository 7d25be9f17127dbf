#!/bin/bash
# transfer_bind.sh - BIND as secondary of orbl-dnsd: AXFR, IXFR, NOTIFY, TSIG, a catalog zone.
. "${top_srcdir:?}/tests/system/transfer_lib.sh"

tap_need named

bind_conf() { # ZONES OPTIONS
	cat >"$dir/secondary/named.conf" <<-CONF
		options {
			directory "$dir/secondary";
			listen-on port $secondary_port { $secondary; };
			listen-on-v6 { none; };
			pid-file none;
			session-keyfile none;
			recursion no;
			dnssec-validation no;
			notify no;
			transfer-source $secondary;
			min-refresh-time 3;
			max-refresh-time 3600;
			$2
		};
		controls { };
		key "$key_name" { algorithm hmac-sha256; secret "$key_secret"; };
		$1
	CONF
}

zone() { # NAME [KEY]
	printf 'zone "%s" { type secondary; file "%s"; primaries port %s { %s%s; }; };\n' "$1" "$1" \
		"$port" "$primary" "${2:+ key $2}"
}

named_start() {
	secondary_start named -g -n 1 -c "$dir/secondary/named.conf"
}

base_list | primary_list 100
primary_start
bind_conf "$(zone bl.test $key_name; zone relays.bl.test)" ''
named_start
test_changes BIND
tap_ok 'BIND has taken it as changes: they are in its journal' [ -s "$dir/secondary/bl.test.jnl" ]
secondary_stop

# --- the catalog: no zone is named in the secondary's configuration ---------------------------

dnsd_stop
rm -f "$dir/secondary/"*
primary_start 'transfer.catalog = "catalog.test"' \
	"transfer.notify = {\"* $secondary@$secondary_port $key_name\"}"
bind_conf "$(zone catalog.test $key_name)" "catalog-zones { zone \"catalog.test\" default-primaries port $port {
	$primary key $key_name; } in-memory yes min-update-interval 1; };"
named_start
secondary_must_have bl.test 102
for zone in bl.test relays.bl.test bouncers.bl.test all.bl.test; do
	tap_ok "BIND takes $zone from the catalog" wait_until 60 secondary_has "$zone" 102
done
addresses 1 500 | questions bl.test all.bl.test
more_questions bl.test relays.bl.test outputs.bl.test suspects.bl.test
tap_same 'BIND answers the same for what the catalog has'
addresses 1 10 | awk '{ print "@", $0, "-" }' | primary_change 103
control reload >/dev/null
for zone in bl.test relays.bl.test outputs.bl.test suspects.bl.test all.bl.test; do
	tap_ok "NOTIFY reaches $zone" wait_until 60 secondary_has "$zone" 103
done
tap_same 'BIND answers the same after that'
secondary_stop
tap_like 'orbl dnsd zones names the catalog' '^catalog\.test +serving .* catalog -' \
	"$("$top_builddir/orbl" dnsd zones -c "$dir/orbl.conf")"
# The queries of a zone are those that were replied to, dropped, or handed over.
counts=$("$top_builddir/orbl" dnsd stats --json -c "$dir/orbl.conf" | jq -c '.zones[] |
	select(.zone == "bl.test") | [.handed_over > 0, .udp_queries + .tcp_queries ==
	([.replies[]] | add) + .dropped + .handed_over]')
tap_is 'transfers are counted for their zone' '[true,true]' "$counts"

tap_done

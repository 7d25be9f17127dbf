#!/bin/bash
# What the real analyzer publishes and the real dnsd serves: the text's variables, a list that is
# held, alarms, _status, and a store that was lost.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/orbl_lab.sh"
. "$top_srcdir/tests/tools/dns_ask.sh"

geo=$top_srcdir/tests/samples/geo
orbl_begin 'publish.max_change_floor = 5' \
	'publish.text = "[$codes] until $until AS$asn ($asorg, $cc) $$5 $url"' \
	"publish.popular = \"\$PWD/popular\"" 'zone.policy = "https://dnsbl.test/policy"'
sed -i "s,\"\\\$PWD/,\"$orbl_dir/," "$orbl_dir/orbl.conf"
cp "$geo/GeoLite2-ASN-Test.mmdb" "$orbl_dir/asn"
cp "$geo/GeoLite2-Country-Test.mmdb" "$orbl_dir/country"
printf 'geo.asn = "%s/asn"\ngeo.country = "%s/country"\n' "$orbl_dir" "$orbl_dir" \
	>>"$orbl_dir/orbl.conf"
echo '1.128.0.0/24 Very Big Mail' >"$orbl_dir/popular"

list() { # PREFIX
	orbl operator list "$1" --category suspect --reason 'a test of the list'
}
served() { # ADDRESS
	dns_ask "$(dns_name "$1" suspects)" A
}
is_served() { # ADDRESS ANSWER
	[ "$(served "$1")" = "$2" ]
}
soon() { # NAME ADDRESS ANSWER
	tap_ok "$1" orbl_wait 10 is_served "$2" "$3"
}
status_txt() {
	dns_ask _status.dnsbl.test TXT | tr -d '"'
}

orbl_start_analyzer
orbl_start_dnsd

# --- the text, its variables from the databases ---
tap_ok 'an operator lists a host' list 89.160.20.112
soon 'and it is served' 89.160.20.112 127.0.0.4
txt=$(dns_ask "$(dns_name 89.160.20.112 suspects)" TXT)
tap_like 'the text says until when' '^"\[4\] until 20[0-9-]+T[0-9]{2}:[0-9]{2}Z ' "$txt"
tap_like 'and whose network it is' ' AS29518 \(Bredband2 AB, SE\) \$5 ' "$txt"
tap_like 'and where to look' ' https://dnsbl.test/lookup\?ip=89.160.20.112"$' "$txt"
tap_like 'orbl report counts it' '1 +1 +AS29518 Bredband2 AB' "$(orbl report --by asn)"
tap_like 'by country' '1 +1 +SE' "$(orbl report --by country)"
tap_like 'as JSON' '"by":"category"' "$(orbl report --json)"

# --- a popular network ---
tap_ok 'an operator lists what is popular' list 1.128.0.7
tap_ok 'and another host' list 89.160.20.113
tap_status 'orbl publish tells that it is held' 1 orbl publish
tap_like 'and why' 'only removals are published: 1.128.0.7 is new and in publish.popular' \
	"$tap_output"
tap_is 'what is held is not served' NXDOMAIN "$(served 1.128.0.7)"
tap_is 'nor is what waits with it' NXDOMAIN "$(served 89.160.20.113)"
tap_is 'what was served is' 127.0.0.4 "$(served 89.160.20.112)"
tap_like 'status has the alarm' '^alarms +held list since .*only removals are published' \
	"$(orbl status)"
tap_like 'and so has the log' 'error: the list is held' "$(cat "$orbl_dir/analyzer.log")"
tap_ok 'a removal is published all the same' \
	orbl operator delist 89.160.20.112 --reason 'a test of removal'
soon 'while the list is held' 89.160.20.112 NXDOMAIN
tap_status '--force wants a reason' 2 orbl publish --force
tap_ok 'with a reason it publishes' orbl publish --force --reason 'big, and an open relay'
soon 'then what was held is served' 1.128.0.7 127.0.0.4
soon 'and what waited' 89.160.20.113 127.0.0.4
tap_is 'the alarm is over' 0 "$(orbl status --json | jq '.alarms | length')"
tap_is 'nothing is held' null "$(orbl status --json | jq -c .held)"
tap_like 'the audit log knows who and why' 'big, and an open relay' \
	"$(sqlite3 "$orbl_dir/orbl.db" "SELECT author || ': ' || detail FROM audit WHERE action = 'force'")"

# --- too many at once ---
tap_ok 'an operator lists a network' list 89.160.20.128/28
tap_status 'which is too much at once' 1 orbl publish
tap_like 'as is told' 'of 2 addresses in service 0 would be removed .* and 16 be added' "$tap_output"
tap_ok 'forced' orbl publish --force --reason 'seen'
soon 'it is served' 89.160.20.130 127.0.0.4

# --- a store that has lost its listings does not empty the list ---
orbl_stop analyzer
sqlite3 "$orbl_dir/orbl.db" 'CREATE TABLE set_aside AS SELECT * FROM listing; DELETE FROM listing'
orbl_start_analyzer
tap_status 'an empty list is held' 1 orbl publish
tap_like 'as is told' 'the old list stays in service: nothing would be left of 18 addresses' \
	"$tap_output"
sleep 2 # dnsd looks for new files once a second
tap_is 'and dnsd serves the old one' 127.0.0.4 "$(served 89.160.20.130)"
orbl_stop analyzer
sqlite3 "$orbl_dir/orbl.db" 'INSERT INTO listing SELECT * FROM set_aside; DROP TABLE set_aside'
orbl_start_analyzer
tap_ok 'with the listings back it goes on' orbl publish

# --- _status ---
tap_like '_status tells of the list' '^serial=[0-9]+ generated=.* listed=[0-9|]+ policy=https://dnsbl.test/policy' \
	"$(status_txt)"
tap_ok 'the end of the list is announced' \
	orbl zone retire --stage announce --at 2099-01-31 --reason 'a test'
announced() {
	status_txt | grep -q ' retire=2099-01-31$'
}
tap_ok 'and _status says so' orbl_wait 10 announced
tap_is 'in each zone' 1 "$(dns_ask _status.suspects.dnsbl.test TXT | grep -c 'retire=2099-01-31')"
tap_is 'all goes on' 127.0.0.4 "$(served 89.160.20.130)"
tap_ok 'the list is empty at its end' \
	orbl zone retire --stage empty --force --reason 'a test'
soon 'without being held' 89.160.20.130 NXDOMAIN
tap_like 'negative answers are kept long' ' 604800$' "$(dns_ask dnsbl.test SOA)"
tap_is 'the test point stays' 127.0.0.2 "$(dns_ask 2.0.0.127.dnsbl.test A)"
tap_done

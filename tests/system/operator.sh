# operator.sh - an operator's orders, the safe lists and the end of the list, as DNS shows them, and
# over restarts.
. "${top_srcdir:?}/tests/tap.sh"
. "$top_srcdir/tests/tools/orbl_lab.sh"

orbl_begin 'probe.source = 127.0.0.1' 'listing.safe_lists = {"SAFE"}' 'zone.ttl = 5m'
sed -i "s|SAFE|$orbl_dir/safe|" "$orbl_dir/orbl.conf"
printf '# who is safe\n8.8.8.0/24 Big Provider\n' >"$orbl_dir/safe"
zone=dnsbl.test
orbl_start_analyzer
orbl_start_dnsd

listed() { # REVERSED-ADDRESS [SUBZONE]
	[ -n "$(orbl_dig "$1.${2:-all}.$zone" A)" ]
}
unlisted() { ! listed "$@"; }
ttl() { # NAME: of an answer without data, as the SOA has it
	dig +tries=1 +time=3 -p "$orbl_dns_port" @127.0.0.1 "$1" A |
		awk '$4 == "SOA" { print $2; exit }'
}
serial() { orbl status --json | jq .serial; }
again() {
	orbl_stop analyzer
	orbl_start_analyzer
}

list() { orbl operator list "$@" --reason 'a test'; }

tap_status 'a suspect by order' 0 list 1.2.3.4 --category suspect
tap_ok 'is in DNS' orbl_wait 10 listed 4.3.2.1
tap_ok 'but not in the base zone' test -z "$(orbl_dig 4.3.2.1.$zone A)"
tap_status 'and another one' 0 list 1.2.4.4 --category suspect
tap_status 'one who will be safe' 0 list 9.9.9.9 --category suspect
tap_ok 'all are in DNS' orbl_wait 10 listed 9.9.9.9

tap_status 'exempt' 0 orbl operator exempt 1.2.3.0/24 --reason 'a customer'
tap_ok 'he is gone from DNS' orbl_wait 10 unlisted 4.3.2.1
tap_ok 'alone' listed 4.4.2.1
again
tap_status 'the order survives a restart' 1 list 1.2.3.4 --category suspect
tap_like 'with its author' "exempt by order of $(id -un): a customer" "$tap_output"

printf '9.9.9.0/24 Another Provider\n' >>"$orbl_dir/safe"
tap_status 'who is listed may become safe' 0 list 1.2.5.4 --category suspect
tap_ok 'and leaves DNS with the next publication' orbl_wait 10 unlisted 9.9.9.9
tap_ok 'the others stay' listed 4.4.2.1
printf 'nonsense\n' >"$orbl_dir/safe"
tap_ok 'a broken safe list is told of' orbl_wait 15 grep -q 'safe:1: "nonsense"' \
	"$orbl_dir/analyzer.log"
tap_status 'and the one before holds' 1 list 8.8.8.8 --category suspect
orbl_stop analyzer
orbl_start_analyzer
tap_ok 'a restart tells of it again' orbl_wait 15 test "$(grep -c 'safe:1: "nonsense"' \
	"$orbl_dir/analyzer.log")" -ge 2
tap_status 'and the one before still holds' 1 list 8.8.8.9 --category suspect
tap_like 'and status has an alarm' 'safe:1: "nonsense"' "$(orbl status)"
printf '8.8.8.0/24\n9.9.9.0/24\n' >"$orbl_dir/safe"

day=$(date -u -d '+40 days' +%Y-%m-%d)
tap_status 'the end is announced' 0 orbl zone retire --stage announce --at "$day" --reason 'no time'
announced() { orbl_dig "_status.$zone" TXT | grep -q "retire=$day"; }
tap_ok 'in the zone' orbl_wait 10 announced
tap_ok 'and everything goes on' listed 4.4.2.1
tap_status 'too early' 1 orbl zone retire --stage empty --reason 'no time'
tap_status 'empty' 0 orbl zone retire --stage empty --force --reason 'no time'
tap_ok 'nobody is listed' orbl_wait 10 unlisted 4.4.2.1
tap_is 'the test points stay' 127.0.0.2 "$(orbl_dig 2.0.0.127.$zone A)"
tap_is 'as they are' '' "$(orbl_dig 1.0.0.127.$zone A)"
tap_is 'answers are kept for a week' 604800 "$(ttl 4.4.2.1.$zone)"
again
tap_ok 'still so after a restart' unlisted 4.4.2.1
tap_status 'gone' 0 orbl zone retire --stage gone --reason 'no time'
tap_like 'with records of TEST-NET' "dnsbl.test. 604800 IN NS u1.dnsbl.test." "$tap_output"
orbl_wait 3 false
before=$(serial)
list 1.2.6.4 --category suspect >/dev/null
orbl_wait 6 false
tap_is 'nothing is published' "$before" "$(serial)"
tap_is 'no name is a wildcard' '' "$(orbl_dig "*.$zone" A)$(orbl_dig "anything.$zone" A)"
tap_status 'the list goes on' 0 orbl zone resume --reason 'somebody took over'
tap_ok 'with what it had' orbl_wait 10 listed 4.4.2.1
tap_ok 'and got meanwhile' listed 4.6.2.1
tap_is 'without notice' '' "$(orbl_dig "_status.$zone" TXT | grep retire=)"
tap_done

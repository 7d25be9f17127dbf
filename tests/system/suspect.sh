# suspect.sh - evidence alone lists a host as a suspect, and as nothing else: three reporters deny
# a host that cannot be tested, again and again; then one of them is revoked.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/orbl_lab.sh"
. "$top_srcdir/tests/tools/dns_ask.sh"

host=127.0.30.1 safe=127.0.31.1 lone=127.0.30.2

denials() { # CLIENT REPORTER: to many domains
	local i
	for i in $(seq 1 30); do
		orbl_denial "$1" "$2" | sed "s/elsewhere/d$i/g"
	done
}

make_logs() {
	local mx
	for mx in mx1 mx2 mx3; do
		{ denials "$host" "$mx"; denials "$safe" "$mx"; } >"$orbl_dir/$mx.log"
	done
	denials "$lone" mx1 >>"$orbl_dir/mx1.log"
}

dns_says() { # NAME WANTED
	[ "$(dns_ask "$1")" = "$2" ]
}

categories_of() { # ADDRESS
	orbl check --json "$1" | jq -r '[.listings[].category] | join(" ")'
}

orbl_begin 'listing.safe_lists = {"safe.txt"}' 'probe.wait = 1s' || tap_bail 'no laboratory'
trap orbl_end EXIT
cd "$orbl_dir" || tap_bail 'no directory'
printf '127.0.31.0/24 known to be good\n' >safe.txt
sed -i "s|safe.txt|$orbl_dir/safe.txt|" orbl.conf
make_logs
orbl_start_analyzer
orbl_start_dnsd

for mx in mx1 mx2; do
	tap_ok "$mx submits its log" orbl submit --reporter "$mx" "$mx.log"
done
tap_ok 'what two deny is tested' orbl_wait 20 orbl_idle
tap_is 'and not listed' '' "$(categories_of "$host")"
tap_ok 'a third agrees' orbl submit --reporter mx3 mx3.log
tap_ok 'DNS lists it as a suspect' orbl_wait 10 dns_says "$(dns_name "$host" suspects)" 127.0.0.4
tap_is 'as nothing else' 127.0.0.4 "$(dns_ask "$(dns_name "$host" all)")"
tap_is 'not in the base zone' NXDOMAIN "$(dns_ask "$(dns_name "$host")")"
tap_is 'whom one denies is none' '' "$(categories_of "$lone")"
tap_is 'who is on a safe list is none' '' "$(categories_of "$safe")"
tap_is 'and is not tested' 0 "$(orbl explain --json "$safe" | jq '.probes | length')"
tap_like 'but an alarm says so' "$safe: neither listed nor probed: .*known to be good" \
	"$(grep "$safe" analyzer.log)"

orbl_stop analyzer KILL
orbl_start_analyzer
tap_is 'it is listed after a crash' suspect "$(categories_of "$host")"
tap_ok 'its decisions are decided again as they were' orbl replay "$host"

tap_ok 'a reporter is revoked' orbl reporter revoke mx3 --reason 'its log was forged'
tap_ok 'with it the suspect goes' orbl_wait 10 dns_says "$(dns_name "$host" suspects)" NXDOMAIN
tap_ok 'that can be decided again, too' orbl replay "$host"
tap_ok 'it is restored' orbl reporter restore mx3 --reason 'it was not'
tap_ok 'and the suspect comes back' orbl_wait 10 dns_says "$(dns_name "$host" suspects)" 127.0.0.4
tap_done

# cmd_policy.sh - what `orbl policy check` prints, and its exit status.
. "${top_srcdir:?}/tests/tap.sh"

cd "$top_srcdir/tests/golden/relay_policy" || exit 1
check() { "$top_builddir/orbl" policy check "$@"; }

tap_status "denied by a list" 1 check deny-allow.policy --client 192.168.1.3
tap_is "it says where" "verdict  deny (550 relaying prohibited)
rule     RelayDenyList
list     RelayDenyList: 192.168.1.0;255.255.255.248
line     deny-allow.policy:3" "$tap_output"
tap_status "denied by default" 1 check deny-allow.policy --client 203.0.113.5
tap_is "no list" "verdict  deny (550 relaying prohibited)
rule     default" "$tap_output"
tap_status "allowed" 0 check deny-allow.regedit5.reg --client 192.168.1.9
tap_like "by a line of the export" 'deny-allow.regedit5.reg:9$' "$tap_output"
tap_status "bounced" 1 check bounce.policy --client 203.0.113.5 --rcpt u@victim.example
tap_like "and said so" '^verdict  then-bounce \(250, then a bounce to the sender\)' "$tap_output"
tap_status "local" 0 check bounce.policy --client 203.0.113.5 --rcpt u@inbound.example
tap_status "local address" 0 check local-ip.policy --client 203.0.113.5 --local 10.0.0.1
tap_status "authenticated" 0 check auth.policy --client 203.0.113.5 --auth
tap_status "not authenticated" 1 check auth.policy --client 203.0.113.5
tap_status "JSON" 1 check --json --client 192.168.1.3 deny-allow.policy
wanted='{"verdict":"deny","meaning":"550 relaying prohibited","rule":"RelayDenyList",'
wanted+='"list":"RelayDenyList","entry":"192.168.1.0;255.255.255.248","line":3}'
tap_is "JSON object" "$wanted" "$tap_output"
tap_status "JSON without a list" 0 check --json --client 192.0.2.1 not-set.policy
tap_is "nulls" '{"verdict":"permit","meaning":"relayed","rule":"not set","list":null,"entry":null,"line":null}' \
	"$tap_output"
tap_status "a warning" 1 check masks.policy --client 172.16.1.5
tap_like "is shown" '^masks.policy:4: .* never matches' "$tap_output"
tap_status "help" 0 check --help
tap_like "has the exit status" 'Exit status' "$tap_output"
tap_status "no client" 2 check deny.policy
tap_status "no file" 2 check --client 192.0.2.1
tap_status "two files" 2 check deny.policy allow.policy --client 192.0.2.1
tap_status "no such file" 2 check nonexistent --client 192.0.2.1
tap_status "a bad file" 2 check bad-cut.reg --client 192.0.2.1
tap_like "says why" 'bad-cut.reg:4: RelayDenyList is cut short' "$tap_output"
tap_status "a bad address" 2 check deny.policy --client 192.0.2.256
tap_status "an unknown option" 2 check deny.policy --client 192.0.2.1 --server x
tap_status "an option without its value" 2 check deny.policy --client
tap_status "no subcommand" 2 "$top_builddir/orbl" policy
tap_status "an unknown one" 2 "$top_builddir/orbl" policy frobnicate
tap_done

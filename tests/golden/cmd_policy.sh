# cmd_policy.sh - what `orbl policy` prints, and its exit status. The sessions in
# tests/golden/policy are played: each line "$ orbl policy ..." is run, what follows it up to the
# next one is replaced by what it prints and by its exit status; comments stay. A session is
# right when it comes out as it went in.
. "${top_srcdir:?}/tests/tap.sh"

scratch=$(mktemp -d) || tap_bail 'no temporary directory'
trap 'rm -rf "$scratch"' EXIT

play() { # SESSION
	local line status last=comment
	while IFS= read -r line; do
		case $line in '# '* | '$ orbl policy '*) [ $last = comment ] || echo ;; esac
		case $line in
		'# '*)
			printf '%s\n' "$line"
			last=comment
			;;
		'$ orbl policy '*)
			printf '%s\n' "$line"
			last=output
			eval "set -- ${line#\$ orbl }"
			"$top_builddir/orbl" "$@" 2>&1 </dev/null
			status=$?
			printf '[exit status %d]\n' "$status"
			;;
		esac
	done <"$1"
}

cd "$top_srcdir/tests/golden/policy" || exit 1
for session in *.session; do
	play "$session" >"$scratch/$session"
	tap_diff "$session" "$session" "$scratch/$session"
done

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
tap_status "a sender, whom the IMS does not look at" 1 check deny-allow.policy --client 203.0.113.5 \
	--from '<user@inbound.example>' --rcpt '<user@victim.example>' --helo mail.example.org
tap_like "no other rule" '^rule     default$' "$tap_output"
tap_status "a recipient in brackets is the same" 0 check bounce.policy --client 203.0.113.5 \
	--rcpt '<u@inbound.example>'
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
tap_status "an option of another subcommand" 2 check deny.policy --client 192.0.2.1 --all
tap_status "no subcommand" 2 "$top_builddir/orbl" policy
tap_status "an unknown one" 2 "$top_builddir/orbl" policy frobnicate
for name in show audit compare; do
	tap_status "help of $name" 0 "$top_builddir/orbl" policy "$name" --help
	tap_like "help of $name has the exit status" 'Exit status' "$tap_output"
	tap_status "$name without a file" 2 "$top_builddir/orbl" policy "$name"
	tap_like "$name says what is missing" 'needed; see' "$tap_output"
done
tap_status "help of all" 0 "$top_builddir/orbl" policy --help
tap_like "names each" 'compare +what' "$tap_output"
for name in show check audit compare; do
	for option in $("$top_builddir/orbl" policy "$name" --help | grep -oE -- '--[a-z]+' | sort -u); do
		page=$(sed -n "/^\.Ss orbl policy/,/^\.Sh/p" "$top_srcdir/docs/orbl.1")
		tap_like "the page has $option of $name" "Fl -${option#--}\b" "$page"
	done
done

# What --json prints, in parts.
cd ../policy || exit 1
policy() { "$top_builddir/orbl" policy "$@"; }
tap_status "show as JSON" 0 policy show closed.policy --json
wanted='\{"list":"RelayAllowList","entry":"192.168.1.0;255.255.255.0","note":"256 addresses",'
wanted+='"file":"closed.policy","line":3\}'
tap_like "a list" "$wanted" "$tap_output"
tap_like "a default" '"name":"version","value":"5.5","note":null,"file":null,"line":null' "$tap_output"
tap_status "a warning as JSON" 1 policy audit ../relay_policy/masks.policy --json
wanted='"warnings":\[\{"text":".172.16.1.5;255.255.0.0. in RelayAllowList never matches: [a-z ]+",'
wanted+='"file":"../relay_policy/masks.policy","line":4\}\]'
tap_like "has its place" "$wanted" "$tap_output"
tap_status "audit as JSON" 1 policy audit unfixed.policy --json
tap_like "counts" '"tests":46,"outcomes":\{"relayed":2,"bounced":0,"local":12,"denied":32\}' "$tap_output"
wanted='"case":"P28-imcea".*"outcome":"relayed","hole":true,"verdict":"permit",'
wanted+='"rule":"encapsulated address".*"remedy":"Install SP3'
tap_like "a hole" "$wanted" "$tap_output"
wanted='"section":"2.1 forms","text":"see through routes, % and !","met":"not met"'
tap_like "a recommendation" "$wanted" "$tap_output"
tap_status "compare as JSON" 1 policy compare closed.policy two-targets.json --target 198.51.100.26 --json
wanted='"case":"P28-imcea","comparison":"different","why":"it relays although the policy denies"'
tap_like "what differs" "$wanted" "$tap_output"
tap_like "counts" '"counts":\{"different":3,"cannot tell":1,"equal":2,"not compared":40\}' "$tap_output"

from_input() { # FILE SUBCOMMAND...: FILE is the standard input
	local file=$1
	shift
	policy "$@" <"$file"
}
tap_status "audit of standard input" 0 from_input debian/main.cf audit -
tap_like "is named" '^-: no hole: none of 46' "$tap_output"
tap_status "show of standard input" 0 from_input debian/main.cf show -
tap_status "check of standard input" 1 from_input closed.policy check - --client 192.0.2.1
tap_status "two files on one standard input" 2 from_input closed.policy compare - -
tap_status "an empty standard input" 2 policy audit - </dev/null
tap_like "has no setting" '^orbl policy: -:1: there is no setting' "$tap_output"
tap_status "what was not judged as JSON" 0 policy audit unjudged/main.cf --json
tap_like "each with its line" '"not_judged":\[.*"what":"permit_mx_backup: [a-z ]+","file":"unjudged/main.cf","line":5' \
	"$tap_output"
tap_status "what can be forged as JSON" 1 policy audit forged/main.cf --json
wanted='"hole":true.*"forgeable":\[\{"who":"anyone who says MAIL FROM:<boss@partner.example>",'
wanted+='"rule":"check_sender_access",.*"file":"forged/partners","line":3'
tap_like "who, and by which line" "$wanted" "$tap_output"
tap_status "a wide network as JSON" 0 policy audit wide/main.cf --json
tap_like "is a warning" '"warnings":\[\{"text":"mynetworks 198.0.0.0/8 lets 16,777,216 addresses relay' "$tap_output"
tap_status "a server that does not serve as JSON" 0 policy audit broken/main.cf --json
tap_like "is fatal" '"fatal":true' "$tap_output"

compare_input() { # RESULT: compared as standard input
	printf '%s\n' "$1" | policy compare closed.policy -
}
tap_status "a result on standard input" 0 compare_input "$(cat closed.json)"
tap_status "it may be empty" 2 compare_input ''
tap_like "and says so" 'there is no result' "$tap_output"
for bad in '{' '[1]' '7' '{}' '{"target":"x","cases":[]}' '{"target":"192.0.2.1:25","cases":7}' \
	'{"target":"192.0.2.1:25","cases":[7,null,{"case":7}]}'; do
	tap_status "trouble with $bad" 2 compare_input "$bad"
done
tap_status "no such result" 2 policy compare closed.policy nonexistent
tap_status "no such policy" 2 policy compare nonexistent closed.json
tap_status "no such policy to audit" 2 policy audit nonexistent
tap_status "a name that is none" 2 policy audit closed.policy --name localhost
tap_status "a target that is none" 2 policy compare closed.policy closed.json --target x
tap_done

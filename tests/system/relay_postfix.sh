# relay_postfix.sh - a real Postfix and orbl read the same main.cf: each answer to a RCPT is what
# orbl says it will be, for every client, sender and recipient of relay_postfix/.
#
# relay_postfix/*.cf are the variants, each laid over the main.cf of the lab; the other files
# there are their tables. relay_postfix/questions has who asks for what.
. "${top_srcdir:?}/tests/tap.sh" || exit 1
. "$top_srcdir/tests/tools/mta_lab.sh"

data=$top_srcdir/tests/system/relay_postfix
orbl=${top_builddir:?}/orbl
address=127.0.26.1
host=mail.example.net

[ "$(id -u)" = 0 ] || tap_bail 'must be root'
lab_fetch || tap_bail 'no Postfix package'
dir=$(mktemp -d)
trap 'lab_stop_all; rm -rf "$dir"' EXIT

# Of a parameter that is set twice Postfix takes the last, as orbl does.
write_config() { # VARIANT
	local config=$lab_run/$host/config file
	for file in "$data"/*; do
		case $file in *.cf|*/questions) ;; *) cp "$file" "$config/" ;; esac
	done
	{ cat "$dir/base"; cat "$data/$1.cf"; } >"$config/main.cf"
}

start_with() { # VARIANT
	# There is no mail to lose, and a stop in good order takes seconds.
	kill -KILL "$(cat "$lab_run/$host/pid")"
	lab_postfix_stop "$host"
	write_config "$1" && lab_spawn "$host" && lab_wait_ready "$host"
}

base_settings() {
	grep -Ev '^(compatibility_level|mydestination|mynetworks|relay_domains) ' \
		"$lab_run/$host/config/main.cf"
	cat <<-END
	local_recipient_maps =
	smtpd_reject_unlisted_recipient = no
	smtpd_error_sleep_time = 0
	smtpd_hard_error_limit = 10000
	smtpd_soft_error_limit = 10000
	smtpd_client_connection_rate_limit = 0
	smtpd_peername_lookup = no
	in_flow_delay = 0
	END
}

# "QUESTION -> pass" or "fail" of Postfix, "QUESTION -> VERDICT (WHY)" of orbl.
ask_postfix() {
	python3 "$top_srcdir/tests/system/relay_postfix_client.py" "$address" <"$dir/questions" |
		sed -E 's/ -> 2[0-9]+$/ -> pass/; s/ -> [45][0-9]+$/ -> fail/'
}

# The policy is asked as "orbl policy check" asks it, but for all questions at once.
ask_orbl() { # VARIANT
	local config=$lab_run/$host/config
	{ echo 'policy main.cf'
	sed -E "s/^client [^ ]+/& local $address/; / sender /!s/ rcpt / sender someone@stranger.example&/
		/ helo /!s/ sender / helo host.stranger.example&/" "$dir/questions"; } >"$config/asked"
	"$top_builddir/tests/golden/relay_transcript" "$config/asked" >"$dir/$1.full" || return
	grep '^warning' "$dir/$1.full" >"$dir/$1.warnings"
	sed -En 's/^client .* -> (permit|local) .*/pass/p; s/^client .* -> (deny|then-bounce) .*/fail/p' \
		"$dir/$1.full" >"$dir/$1.short"
	paste -d '\t' "$dir/questions" "$dir/$1.short" | sed 's/\t/ -> /'
}

trouble() {
	tail -n 3 "$dir/errors"
	grep -E 'fatal|warning' "$(lab_postfix_log "$host")" | tail -n 5
}

# One question to the command itself.
check_command() { # VARIANT CLIENT RECIPIENT
	local answer
	answer=$("$orbl" policy check "$lab_run/$host/config/main.cf" --client "$2" \
		--local "$address" --rcpt "$3" 2>/dev/null | sed -n 's/^verdict  \([a-z-]*\).*/\1/p')
	case $answer in permit|local) answer=pass ;; *) answer=fail ;; esac
	tap_like "$1: orbl policy check says so, too" "^client $2 rcpt $3 -> $answer\$" \
		"$(grep -Fx "client $2 rcpt $3 -> $answer" "$dir/$1.postfix")"
}

grep -Ev '^(#|$)' "$data/questions" | while read -r clients; do
	[ "${clients%%:*}" = clients ] && { of=${clients#clients: }; continue; }
	for client in $of; do
		echo "client $client $clients"
	done
done | sort -s -t ' ' -k2,2 >"$dir/questions"

lab_postfix_start "$host" "$address:25" || tap_bail 'Postfix does not start'
base_settings >"$dir/base"

for variant in "$data"/*.cf; do
	variant=$(basename "$variant" .cf)
	# Not in a subshell, whose end would be the server's.
	start_with "$variant" || tap_bail "$variant: Postfix does not start"
	ask_postfix >"$dir/$variant.postfix" 2>"$dir/errors"
	ask_orbl "$variant" >"$dir/$variant.orbl"
	[ ! -s "$dir/errors" ] || tap_note "$(trouble)"
	tap_is "$variant: all questions are answered" "$(wc -l <"$dir/questions")" \
		"$(grep -c -- ' -> ' "$dir/$variant.postfix")"
	tap_diff "$variant: as Postfix answers" "$dir/$variant.postfix" "$dir/$variant.orbl"
	check_command "$variant" 203.0.113.9 u%victim.example@dest.example
done
tap_done

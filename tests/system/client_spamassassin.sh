# client_spamassassin.sh - a real SpamAssassin with what `orbl snippet spamassassin` prints.
. "${top_srcdir:?}/tests/system/client_lib.sh"
client_begin spamassassin "$0" "$@"

told='RCVD_IN_ORBL_TEXT .*open relay, proved by a test message;\] \[<https://dnsbl\.test/lookup\?ip=192\.0\.2\.2>'

message() { # ADDRESS
	local date
	date=$(date -R)
	cat <<-END
	Received: from host.sender.example (host.sender.example [$1])
	 by mx.example.net with ESMTP id 1; $date
	From: a@sender.example
	To: b@mx.example.net
	Subject: hello
	Date: $date
	Message-ID: <1@sender.example>

	hi
	END
}

# The rules that come with it take seconds to load, and say nothing of this.
ask_client() { # ADDRESS
	local said
	said=$(message "$1" | client_in_box spamassassin -t -x -C /etc/rules 2>&1 | tr -s ' \n' ' ')
	case $said in
	*' 5.0 RCVD_IN_ORBL_'*) echo "reject $said" ;;
	*'Content analysis details:'*) echo "pass $said" ;;
	*) echo "trouble $said" ;;
	esac
}

configure() { # [OPTION...]
	rm -rf "$box/etc/spamassassin"
	cp -a "$lab_dir/spamassassin/etc/spamassassin" "$box/etc/"
	mkdir -p "$box/etc/rules"
	cp "$lab_dir"/spamassassin/usr/share/spamassassin/{10_default_prefs,20_aux_tlds}.cf \
		"$box/etc/rules/"
	client_snippet spamassassin "$@"
	client_put "$dir/snippet" "$box"
	printf '%s\n' 'internal_networks 198.51.100.0/24' 'trusted_networks 198.51.100.0/24' \
		'dns_available yes' 'rbl_timeout 8' 'use_bayes 0' >>"$box/etc/spamassassin/local.cf"
	lab_postfix_stop spamassassin
	lab_spawn spamassassin
	wait_until 20 runs || tap_bail 'SpamAssassin does not start'
}

runs() { client_in_box test -x /usr/bin/spamassassin 2>/dev/null; }

client_zone_start
client_box spamassassin
echo 'exec sleep infinity' >"$box/main"
configure
tap_ok 'the configuration is right' client_in_box spamassassin --lint
client_is 'an IPv6 relay is found' reject 2001:db8:bad::2
client_is 'its neighbour is not' pass 2001:db8:bad::3
tap_like 'a suspect is given few points' '1\.5 RCVD_IN_ORBL_SUSPECT' "$(ask_client 192.0.2.4)"
client_scenario

client_publish '192.0.2.2 relay'
configure --key $key
client_is 'with a key: a relay is found' reject 192.0.2.2
tap_like 'and the report says why' 'RCVD_IN_ORBL_TEXT.*open relay' "$(ask_client 192.0.2.2)"
client_is 'who is not listed is not' pass 192.0.2.20
tap_is 'nothing of the key is in the mail' '' "$(ask_client 192.0.2.2 | grep -o "$key.*")"
tap_done

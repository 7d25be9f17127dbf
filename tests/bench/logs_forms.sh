# logs_forms.sh - sourced by logs.sh: logs of other servers, compressed logs, and logs that are too
# large for any memory.

# --- other formats ---

compare_formats() {
	local round format profile mb=$((log_mb / 4)) name
	for ((round = 1; round <= rounds; round++)); do
		for format in exim exchange; do
			for profile in attack usual; do
				log_make $format $profile "$mb"
				taskset -c "$server_cpu" "$bench/bench_run" "$dir/usage" "$orbl" parse \
					"$dir/$format.$profile.$mb" >"$dir/out" 2>"$dir/errors"
				record "$round" "$format.$profile" "$mb" used
			done
		done
	done
	echo '| orbl parse (JSON) | MB of log | MB/s | found | |'
	echo '|---|---|---|---|---|'
	for name in 'exim.attack|Exim main log, many denials' 'exim.usual|Exim main log, few' \
		'exchange.attack|Exchange SmtpReceive, many denials' \
		'exchange.usual|Exchange SmtpReceive, few'; do
		"$orbl" parse "$dir/${name%|*}.$mb" >"$dir/out" 2>"$dir/errors"
		printf '| %s | %s | %s | %s | %s |\n' "${name#*|}" "$mb" \
			"$(measured_spread "$measured" "${name%|*}" 1 %.4g)" \
			"$(grouped "$(found_by orbl "$dir/out")")" \
			"$(judge orbl "$dir/out" "$dir/${name%|*}.$mb")"
	done
	echo
}

# --- compressed ---

# name | peer | compress | decompress
packers='
gz|gzip|gzip -6|gzip -dc
zst|zstd|zstd -q -3|zstd -q -dc
xz|xz|xz -1 -T2|xz -dc
'

packer() { # NAME FIELD
	awk -F'|' -v name="$1" -v field="$2" '$1 == name { print $field }' <<<"$packers"
}

compare_packed() {
	local round name mb=$((log_mb / 2)) found=
	log_make postfix usual "$mb"
	for name in gz zst xz; do
		bench_has "$(packer $name 2)" || continue
		found="$found $name"
		say "packing with $(packer $name 2)"
		sh -c "$(packer $name 3)" <"$dir/postfix.usual.$mb" >"$dir/log.$name"
	done
	for ((round = 1; round <= rounds; round++)); do
		for name in $found; do
			# Both may use a second processor: one to unpack, one to read.
			"$bench/bench_run" "$dir/usage" sh -c "$(packer $name 4) '$dir/log.$name' | wc -c" \
				>/dev/null
			record "$round" "unpack.$name" "$mb" passed
			"$bench/bench_run" "$dir/usage" "$orbl" parse "$dir/log.$name" >"$dir/out" \
				2>"$dir/errors"
			record "$round" "packed.$name" "$mb" passed
		done
	done
	echo '| packed by | MB/s of the decompressor, into wc -c | MB/s of orbl parse | of it | most memory, MB |'
	echo '|---|---|---|---|---|'
	for name in $found; do
		printf '| %s | %s | %s | %s | %s |\n' "$(packer $name 3)" \
			"$(measured_spread "$measured" "unpack.$name" 1 %.4g)" \
			"$(measured_spread "$measured" "packed.$name" 1 %.4g)" \
			"$(measured_ratio_spread "$measured" "packed.$name" "unpack.$name" 1)" \
			"$(measured_values "$measured" "packed.$name" 3 | sort -g | tail -n1)"
		target_at_least "reading a log packed by ${name}, of the decompressor alone" 0.9 \
			"$(measured_ratios "$measured" "packed.$name" "unpack.$name" 1 | median)"
	done
	echo
}

# --- memory ---

stream() { # NAME PROFILE OPTION...
	local name=$1 profile=$2
	shift 2
	say "$stream_mb MB through a pipe: $name"
	"$bench/make_log" postfix "$profile" "$((stream_mb * 1000000))" 2 "$dir/stream.truth" |
		"$bench/bench_run" "$dir/usage" "$orbl" parse "$@" - 2>"$dir/errors" >/dev/null
	record 1 "stream.$name" "$stream_mb" passed
	printf '| %s | %s | %s | %s | %s |\n' "$name" "$stream_mb" \
		"$(measured_values "$measured" "stream.$name" 1 | awk '{ printf "%.0f", $1 }')" \
		"$(measured_values "$measured" "stream.$name" 3)" \
		"$(sed -n 's/.*denials: \([0-9]*\).*/\1/p' "$dir/errors" |
			awk -v truth="$(truth_of "$dir/stream")" '{ print $1 == truth ? "exact" : $1 - truth }')"
}

compare_streams() {
	echo '| through a pipe | MB of log | MB/s | most memory, MB | |'
	echo '|---|---|---|---|---|'
	stream many-clients attack
	stream each-client-once strangers
	echo
	target_at_most 'most memory for reading a log of any size' 64 "$(
		awk '/ stream\./ { print $5 }' "$measured" | sort -g | tail -n1)" ' MB'
}

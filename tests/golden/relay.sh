# relay.sh - every transcript in tests/golden/relay_policy comes out as it went in.
. "${top_srcdir:?}/tests/tap.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for transcript in "$top_srcdir"/tests/golden/relay_policy/*.transcript; do
	name=$(basename "$transcript" .transcript)
	tap_ok "$name is played" sh -c '"$1" "$2" >"$3"' sh \
		"$top_builddir/tests/golden/relay_transcript" "$transcript" "$scratch/$name"
	tap_diff "$name" "$transcript" "$scratch/$name"
done
tap_done

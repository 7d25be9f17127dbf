#!/bin/bash
# man.sh - the man pages are right mdoc, and name each option that --help names.
. "${top_srcdir:?}/tests/tap.sh"
. "$top_srcdir/tests/lint/files.sh"

mapfile -t pages < <(lint_files '*.[1-8]' | grep '^docs/')
tap_is 'there is a page for each program and file' \
	'docs/orbl-analyzer.8 docs/orbl-dnsd.8 docs/orbl.1 docs/orbl.conf.5' "$(
		printf '%s\n' "${pages[@]}" | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')"
if command -v mandoc >/dev/null; then
	for page in "${pages[@]}"; do
		lint_none "$page is right mdoc" "$(mandoc -T lint -W warning "$top_srcdir/$page")"
	done
fi

# As text without markup: "-c, --config FILE" is in the page as ".Fl c , Fl -config Ar FILE".
page_text() { # PAGE
	sed -e 's/\\&//g; s/\\-/-/g' -e 's/Fl -\([a-z]\)/--\1/g; s/Fl \([A-Za-z]\)/-\1/g' \
		"$top_srcdir/$1"
}

help_options() { # COMMAND...
	"$@" --help 2>/dev/null | grep -oE '(^|[][ ,|])--?[A-Za-z][-A-Za-z]*' | grep -oE -- '-.*' |
		LC_ALL=C sort -u
}

options_are_in() { # PAGE COMMAND...
	local page=$1 option options
	shift
	options=$(help_options "$@")
	[ -n "$options" ] || echo "${*##*/} --help names no option"
	for option in $options; do
		page_text "$page" | grep -qE -- "(^|[^-A-Za-z])$option([^-A-Za-z]|\$)" ||
			echo "${*##*/}: $option is not in $page"
	done
}

cd "$top_builddir" || tap_bail "no $top_builddir"
for program in orbl-dnsd orbl-analyzer; do
	lint_none "options of $program" "$(options_are_in "docs/$program.8" "./$program" 2>&1)"
done
mapfile -t commands < <(./orbl --help 2>/dev/null | awk '/^  [a-z]/ { print $1 }')
tap_ok 'orbl --help names commands' test "${#commands[@]}" -gt 3
for command in "${commands[@]}"; do
	tap_ok "orbl $command is in its page" grep -qE "^\.(It|Ss|Sh|Nm|Ic|Cm).*\b$command\b" \
		"$top_srcdir/docs/orbl.1"
	lint_none "options of orbl $command" \
		"$(options_are_in docs/orbl.1 ./orbl "$command" 2>&1 | grep -v 'names no option$')"
done
# What is installed names the paths of this build, not those of the source.
empty=$(mktemp) || tap_bail 'no temporary file'
store=$("$top_builddir/orbl-analyzer" -T -c "$empty" | sed -n 's/^store.path = //p')
rm -f "$empty"
tap_is 'the installed orbl.conf(5) has the paths of this build' "Default $store." \
	"$(sed -n '/^\.It Cm store.path/{n;p}' "$top_builddir/man/orbl.conf.5")"
tap_done

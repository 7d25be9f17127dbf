# files.sh - which files the lints look at. Source it after tap.sh.
#
# The tree is searched by name, not asked of git, so that a distribution is checked too.

lint_dirs='include feeds analyzer dnsd tests docs'

lint_files() { # GLOB... : names relative to the top of the source
	local glob path
	for glob in "$@"; do
		(cd "$top_srcdir" && find $lint_dirs -type f -name "$glob" -print)
		(cd "$top_srcdir" && find . -maxdepth 1 -type f -name "$glob" -printf '%P\n')
	done | sort -u | while IFS= read -r path; do
		case $path in
		tests/golden/*.sh) printf '%s\n' "$path" ;;
		tests/golden/* | tests/samples/* | tests/fuzz/corpus/*) ;;
		Makefile.in | aclocal.m4 | config.h* | config.log | config.status) ;;
		*) printf '%s\n' "$path" ;;
		esac
	done
}

lint_c() {
	lint_files '*.c' '*.h'
}

lint_text() {
	lint_files '*.c' '*.h' '*.sh' '*.py' '*.md' '*.[1-8]' '*.am' '*.ac' '*.conf' '*.service' \
		README bootstrap .clang-format .editorconfig .gitignore
}

# Run a filter over named files, which prints what is wrong, and expect it to print nothing.
lint_none() { # NAME OUTPUT
	if [ -z "$2" ]; then
		tap_result ok "$1"
	else
		tap_result 'not ok' "$1"
		tap_note "$2"
	fi
}

# Folders of dnsd, each of which may include those before it.
# shellcheck disable=SC2034 # for who sources this
lint_dnsd=(dnsd/{wire,channel,tls,keys,zone,answer,access,peers,records,outgoing,incoming,observe}
	dnsd/{transfer,load,serve,process,dump})

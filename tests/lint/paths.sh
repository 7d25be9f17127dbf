#!/bin/bash
# paths.sh - files and folders that README and the documents name are there.
. "${top_srcdir:?}/tests/tap.sh"

cd "$top_srcdir" || tap_bail 'no source directory'

# file_of NAME: what a document calls NAME is in the tree: a file, a folder, a program made of NAME.c.
file_of() {
	[ -e "$1" ] || [ -e "$1.c" ]
}

for document in README docs/*.md; do
	mapfile -t names < <(grep -oE '\b(analyzer|dnsd|feeds|include|tests|docs)/[A-Za-z0-9_./-]*[A-Za-z0-9_]' \
		"$document" | sort -u)
	missing=
	for name in "${names[@]}"; do
		file_of "$name" || missing+=" $name"
	done
	tap_is "$document names only what is there" '' "$missing"
done

# Bare names, as architecture.md has them within a part that it is about.
missing=
mapfile -t names < <(grep -oE '`[a-z_]+\.[ch]`' docs/architecture.md | tr -d '\140' | sort -u)
for name in "${names[@]}"; do
	[ -n "$(find analyzer dnsd feeds include -name "$name" -print -quit)" ] || missing+=" $name"
done
tap_is 'architecture.md names only sources that are there' '' "$missing"
tap_ok 'it names some' test "${#names[@]}" -gt 30
tap_done

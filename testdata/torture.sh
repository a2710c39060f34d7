#!/usr/bin/env bash
# Kills mlv at each of its file-changing system calls and checks after each
# kill that nothing is lost: a pointer names only what the cache has, running
# the command again ends where an undisturbed run does, nothing is left to
# clean up, and what was pushed can be pulled. Needs strace.
#
#   testdata/torture.sh PATH-OF-MLV
set -uo pipefail
mlv=$(realpath "$1")
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
export HOME=$top/home XDG_CONFIG_HOME=$top/home/.config
mkdir -p "$HOME"
git config --global init.defaultBranch main
calls='write pwrite64 renameat renameat2 unlinkat mkdirat fsync ftruncate fallocate'
failed=0

fail() { echo "torture: $*"; failed=1; }
sums() { (cd d && find . -type f | sort | xargs sha256sum); }
changes() {
	"$mlv" status --json |
		python3 -c 'import json, sys; print(sum(len(v or []) for v in json.load(sys.stdin)["uncommitted"].values()))'
}

mkdir -p "$top/new/d/s" && cd "$top/new" || exit 1
git init -q && "$mlv" init -q && "$mlv" remote add -q origin ../store || exit 1
echo 1 >d/a && echo 2 >d/s/b && head -c 100000 /dev/urandom >d/large
cp -r "$top/new" "$top/added" && cd "$top/added" && "$mlv" add -q d || exit 1
hash=$(grep hash: d.mlv)
sums >"$top/want"

# check NAME CALL N: the command ended by the Nth CALL, and is run again.
check() {
	local at="$1, killed at $2 $3"
	if [ "$1" = add ] && [ -f d.mlv ]; then
		cp -r . "$top/copy"
		(cd "$top/copy" && rm -r d && "$mlv" checkout -q) 2>/dev/null || fail "$at: the pointer names what the cache lacks"
		rm -rf "$top/copy"
	fi
	"$mlv" $4 >/dev/null 2>"$top/err" || fail "$at: the second run failed: $(cat "$top/err")"
	[ "$(grep hash: d.mlv)" = "$hash" ] || fail "$at: the pointer is another"
	sums | cmp -s - "$top/want" || fail "$at: the files are others"
	[ "$(changes)" = 0 ] || fail "$at: status finds changes"
	if [ "$1" = push ]; then
		mkdir "$top/clone" && cp mlv.yaml d.mlv "$top/clone"
		(cd "$top/clone" && git init -q && "$mlv" pull -q && sums) | cmp -s - "$top/want" || fail "$at: the remote is not complete"
		rm -rf "$top/clone"
	fi
}

# sweep NAME FROM PREPARE COMMAND
sweep() {
	local kills=0
	for call in $calls; do
		for n in $(seq 1 60); do
			rm -rf "$top/w" "$top/store" && cp -r "$2" "$top/w" && cd "$top/w" && eval "$3"
			strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" "$mlv" $4 >/dev/null 2>&1
			[ $? = 137 ] || break
			kills=$((kills + 1))
			check "$1" "$call" "$n" "$4"
		done
	done
	echo "$1: killed $kills times"
	[ "$kills" -gt 5 ] || fail "$1 was killed $kills times: the sweep matches nothing"
}

sweep add "$top/new" : 'add d'
sweep commit "$top/added" 'echo x >d/a; "$mlv" commit -q; echo 1 >d/a' commit
sweep checkout "$top/added" 'rm -r d' checkout
sweep 'checkout in place' "$top/added" 'rm d/a d/large' checkout
sweep push "$top/added" : push
exit $failed

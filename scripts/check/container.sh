#!/usr/bin/env bash
# container.sh DIR - carries out the container file of an unpacked release, without
# a builder: its image begins with nothing, so a root with what it copies, entered
# as its user, is what a container of it has. Programs that want a library, a shell
# or a directory that is not there fail here. Wants root.
set -euo pipefail
[ "$(id -u)" = 0 ] || exec sudo -n "$(realpath "$0")" "$@"
dir=${1:?usage: container.sh DIR}
die() { echo "container.sh: $*" >&2; exit 1; }
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
env=() user='' volume='' cmd=''
while read -r word rest; do
	case $word in
	'' | '#'*) ;;
	FROM) [ "$rest" = scratch ] || die "it begins with $rest, want scratch" ;;
	COPY)
		read -ra from <<<"$rest"
		to=${from[-1]}
		unset 'from[-1]'
		mkdir -p "$root$to"
		for name in "${from[@]}"; do
			[ -f "$dir/$name" ] || die "a release has no $name"
			cp "$dir/$name" "$root$to"
		done
		;;
	ENV) read -ra env <<<"$rest" ;;
	USER) user=$rest ;;
	VOLUME) volume=$rest ;;
	CMD) cmd=$rest ;;
	STOPSIGNAL) [ "$rest" = SIGTERM ] || die "it is stopped by $rest, want SIGTERM" ;;
	*) die "$word is not known here" ;;
	esac
done <"$dir/Containerfile"
[ -n "$user" ] && [ "${user%%:*}" != 0 ] || die "it runs as ${user:-root}"
mkdir -p "$root$volume"
chown "$user" "$root$volume"
inside() { env -i "${env[@]}" "$(command -v chroot)" --userspec="$user" "$root" "$@"; }

read -ra words <<<"$(tr -d '[],"' <<<"$cmd")"
[[ $(inside "${words[@]}") == *COMMANDS* ]] || die "${words[*]} shows no help"
for name in miner validator assay; do
	[[ $(inside "$name" --version) == "$name version "* ]] || die "$name does not run"
done
inside assay wallet new --keys "$volume/keys" --insecure-no-passphrase --mnemonic=false >/dev/null 2>&1 || die "no key can be made in $volume"
[ "$(stat -c %u:%g "$root$volume/keys/hotkey.age")" = "$user" ] || die 'the key is not its user'"'s"
inside assay extras "$volume/extras" >/dev/null
echo "container.sh: well, as $user"

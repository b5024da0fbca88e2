#!/usr/bin/env bash
# package.sh [OLD.deb NEW.deb [SHELL…]] - installs, upgrades, removes and purges the
# Debian package with the machine's own dpkg, in a root that lies over the machine's
# and is gone afterwards: a validator that was set up as its unit says makes blocks
# under the unit's line, goes on after the upgrade and after a removal, with its keys.
# Without packages it makes two of the programs in build/. SHELL is those whose
# completion is tried besides bash, which are installed there. Wants root, or sudo.
set -euo pipefail
self=$(realpath "$0")
if [ "$(id -u)" != 0 ]; then exec sudo -n --preserve-env=MODEL "$self" "$@"; fi
if [ -z "${PACKAGE_ROOT:-}" ]; then PACKAGE_ROOT=1 exec unshare -m "$self" "$@"; fi
cd "$(dirname "$self")/../.."

over=$(mktemp -d)
made=$(mktemp -d)
trap 'rm -rf "$made"; umount -l "$over"; rmdir "$over"' EXIT # what is mounted in it goes with this process
model=${MODEL:-$(./scripts/fetch/model.sh | tail -n 1)}
if [ $# = 0 ]; then
	arch=$(dpkg --print-architecture)
	mkdir "$made/pages"
	for name in assay miner validator; do "build/$name" extras --bin /usr/bin "$made/pages" >/dev/null; done
	for version in 1.0.0 1.0.1; do
		SOURCE_DATE_EPOCH=0 LEVEL=1 ./scripts/release/deb.sh $version "$arch" build "$made/pages" "$made/assay_${version}_$arch.deb"
	done
	set -- "$made/assay_1.0.0_$arch.deb" "$made/assay_1.0.1_$arch.deb"
fi
old=$(realpath "$1") new=$(realpath "$2")
shift 2
mount -t tmpfs none "$over"
root=$over/root
mkdir "$over/up" "$over/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$over/up,workdir=$over/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs none "$root/tmp"
mount -t tmpfs none "$root/run" # nothing of a running systemd
cp -L /etc/resolv.conf "$root/etc/resolv.conf.new" && mv "$root/etc/resolv.conf.new" "$root/etc/resolv.conf"
cp scripts/check/unit.py "$old" "$new" "$root/tmp/"
old=/tmp/$(basename "$old") new=/tmp/$(basename "$new")
inside() { chroot "$root" env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }
die() { echo "package.sh: $*" >&2; exit 1; }
version() { basename "$1" | cut -d _ -f 2; }
home=/var/lib/assay-validator

lacks=()
for need in adduser systemd-analyze "$@"; do inside sh -c "command -v $need" >/dev/null || lacks+=("${need%-analyze}"); done
[ ${#lacks[@]} = 0 ] || inside sh -c "apt-get update -q && apt-get install -qy --no-install-recommends ${lacks[*]}" >"$over/apt" 2>&1 ||
	{ tail -n 5 "$over/apt" >&2; die "${lacks[*]}, with which it is tried, could not be installed"; }

[[ $(inside dpkg-deb --contents "$old") == *'/doc/assay/''validator/OPERATING.md'* ]] || die "the operator's page is not in the package"
echo 'package.sh: install'
inside dpkg -i "$old" >/dev/null
installed() { inside dpkg-query -W -f '${Version} ${Status}' assay; }
[ "$(installed)" = "$(version "$old") install ok installed" ] || die "it is $(installed)"
for program in assay miner validator; do [[ $(inside "$program" --version) == "$program version "* ]] || die "$program does not run"; done
inside dpkg --verify assay
[ "$(inside stat -c '%U %a' "$home")" = 'assay-validator 700' ] || die "$home is not its user's alone"
inside systemd-analyze verify --man=no /usr/lib/systemd/system/assay-{miner,validator,serve}.service
inside sh -c 'zcat /usr/share/man/man1/validator.1.gz | grep "^\.TH.*validator"' >/dev/null || die 'no man page'
[ "$(inside bash -c '. /usr/share/bash-completion/completions/validator; COMP_WORDS=(validator doc) COMP_CWORD=1; _validator; echo "${COMPREPLY[*]}"')" = doctor ] || die 'bash does not complete'
[[ " $* " != *' zsh '* ]] || [ "$(inside zsh -c 'compadd() { shift; print -l ${(P)1}; }; words=(validator ""); CURRENT=2; . /usr/share/zsh/vendor-completions/_validator' | grep -cx doctor)" = 1 ] || die 'zsh does not complete'
[[ " $* " != *' fish '* ]] || inside fish -c 'complete -C "validator doc"' | grep '^doctor' >/dev/null || die 'fish does not complete'

echo 'package.sh: settings that starting again does not mend'
status=0
inside runuser -u assay-miner -- miner run --home /var/lib/assay-miner >/dev/null 2>&1 || status=$?
[ "$status" = 78 ] || die "a miner without a home ended with $status, want 78"

echo 'package.sh: a validator, as its unit says'
inside sh -c "umask 077 && echo correct-horse >$home/passphrase && mkdir $home/models"
cp "$model" "$root$home/models/"
inside sh -ec "
	export ASSAY_PASSPHRASE=correct-horse
	cd $home
	for kind in hotkey coldkey; do assay wallet new --kind \$kind --keys keys --work-factor 1 --mnemonic=false; done
	assay genesis new --name packaged --pause 500ms >draft.json
	assay genesis join draft.json --keys keys --role validator --listen /ip4/127.0.0.1/tcp/19661 --consensus 127.0.0.1:19662 >own.json
	assay genesis make draft.json own.json >/genesis.json
	rm draft.json own.json keys/coldkey.age
	chown -R assay-validator: .
	runuser -u assay-validator -- validator init --home $home --genesis /genesis.json --passphrase-file $home/passphrase \
		--listen /ip4/127.0.0.1/tcp/19661 --consensus-listen 127.0.0.1:19662 --http-listen 127.0.0.1:19660
" >"$over/made" 2>&1 || { cat "$over/made" >&2; die 'it was not made'; }
# run HEIGHT - runs the unit from that block on to another, and prints the last.
run() { inside python3 -B /tmp/unit.py /usr/lib/systemd/system/assay-validator.service "$1" 2>"$over/log" || { tail -n 20 "$over/log" >&2; die "it did not run from block $1"; }; }
first=$(run 0)
hash=$(inside sha256sum $home/keys/hotkey.age)

echo 'package.sh: upgrade'
inside dpkg -i "$new" >/dev/null
[ "$(installed)" = "$(version "$new") install ok installed" ] || die "it is $(installed)"
inside dpkg --verify assay
second=$(run "$first")

echo 'package.sh: remove, and install again'
inside dpkg -r assay >/dev/null
! inside sh -c 'command -v validator || ls /usr/lib/systemd/system/assay-* 2>/dev/null' || die 'the removal left programs or units'
inside dpkg -i "$new" >/dev/null
third=$(run "$second")
[ "$hash" = "$(inside sha256sum $home/keys/hotkey.age)" ] || die 'the key is another'

echo 'package.sh: purge'
inside sh -c 'ls -d /var/lib/assay-serve/models' >/dev/null || die 'there is no place for models'
inside cp "$home/models/$(basename "$model")" /var/lib/assay-serve/models/
said=$(inside dpkg -P assay)
[[ $said == *"$home stays"* ]] || die "nothing was said of the home: $said"
[[ $said == *'/var/lib/assay-serve stays, with the models in it ('* ]] && [ -d "$root/var/lib/assay-serve/models" ] || die "nothing was said of the models: $said"
[ "$hash" = "$(inside sha256sum $home/keys/hotkey.age)" ] && [ -d "$root$home/data" ] || die 'key or database went'
echo "package.sh: well; blocks $first, $second after the upgrade, $third after the removal"

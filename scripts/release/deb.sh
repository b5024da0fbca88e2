#!/usr/bin/env bash
# deb.sh VERSION ARCH PROGRAMS PAGES OUT - the Debian package of the programs in a
# directory, with what they write for a machine (extras) from another: a part of
# build.sh. LEVEL is how hard it is compressed, 1 to 9. Times in it are SOURCE_DATE_EPOCH, and the same files give the same bytes,
# which xz on several cores would not.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1:?usage: deb.sh VERSION ARCH PROGRAMS PAGES OUT} arch=${2:?} programs=${3:?} pages=${4:?} out=${5:?}
: "${SOURCE_DATE_EPOCH:?}"
export TZ=UTC LC_ALL=C
umask 022
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
share=$root/usr/share
mkdir -p "$root/DEBIAN" "$root/usr/bin" "$root/usr/lib/systemd/system" "$share/man/man1" "$share/bash-completion/completions" \
	"$share/zsh/vendor-completions" "$share/fish/vendor_completions.d" "$share/assay" "$share/doc/assay"
install -m 644 "$pages"/*.service "$root/usr/lib/systemd/system/"
install -m 644 "$pages"/*.json "$pages"/*.yml "$share/assay/"
install -m 644 README.md "$share/doc/assay/"
install -D -m 644 -t "$share/doc/assay/validator" validator/OPERATING.md # where README.md looks for it
for name in assay miner validator; do
	install -m 755 "$programs/$name" "$root/usr/bin/"
	gzip -9n <"$pages/$name.1" >"$share/man/man1/$name.1.gz"
	install -m 644 "$pages/$name.bash" "$share/bash-completion/completions/$name"
	install -m 644 "$pages/_$name" "$share/zsh/vendor-completions/_$name"
	install -m 644 "$pages/$name.fish" "$share/fish/vendor_completions.d/$name.fish"
done
for name in postinst prerm postrm; do install -m 755 "scripts/release/debian/$name" "$root/DEBIAN/"; done
# The oldest libc that has all that the programs call.
libc=$(for name in assay miner validator; do readelf -W --version-info "$root/usr/bin/$name"; done |
	grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -uV | tail -n 1)
cat >"$root/DEBIAN/control" <<END
Package: assay
Version: $version
Architecture: $arch
Maintainer: Assay <assaynet@users.noreply.github.com>
Installed-Size: $(du -sk --apparent-size "$root/usr" | cut -f 1)
Depends: libc6 (>= $libc), adduser
Section: net
Priority: optional
Description: language-model work that anyone can check bit for bit
 The programs miner, validator and assay, with a unit of systemd for each of
 miner, validator and assay serve. Each unit waits until its home is there.
END
find "$root" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zgzip "-z${LEVEL:-6}" --build "$root" "$out" >/dev/null

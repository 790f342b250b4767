#!/bin/sh
# Makes the distribution of one platform: launcher, jars, that platform's libraries alone, models, unit file, installer.
#
#   deploy/package/build.sh x64|arm64 [FOLDER]     FOLDER gets mobilediffusion-VERSION-linux-ARCH.tar.gz; by default dist/
#
# In a repository that was built (mvn package, or ./mobilediffusion --version), with a JDK's jar command in the PATH. Java code is
# the same everywhere, so either platform is made on any machine. The archive has no Java: install.sh says what to install.
set -eu
cd "$(dirname "$0")/../.."
case ${1:-} in
    x64) architecture=amd64 ;;
    arm64) architecture=arm64 ;;
    *)
        echo "build.sh: the platform must be x64 or arm64, got '${1:-}'" >&2
        exit 2
        ;;
esac
out=${2:-dist}
version=$(sed -n 's|^  <version>\(.*\)</version>|\1|p' pom.xml | head -n 1)
name=mobilediffusion-$version-linux-$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sh deploy/assemble.sh "$architecture" "$work/$name"
cp deploy/package/install.sh deploy/package/uninstall.sh deploy/package/mobilediffusion.env deploy/systemd/mobilediffusion.service "$work/$name/"
echo "$1" >"$work/$name/PLATFORM"
mkdir -p "$out"
# Same input, same bytes: names sorted, nobody's user and one time
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime='2026-01-01 00:00Z' -C "$work" -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
echo "$out/$name.tar.gz: $(($(wc -c <"$out/$name.tar.gz") / 1000000)) MB, unpacked $(du -sm "$work/$name" | cut -f1) MB"

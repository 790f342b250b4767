#!/bin/sh
# Installs the server from its unpacked archive, or brings an installed one up to date.
#
#   sudo sh install.sh [--prefix FOLDER] [--no-service]
#
#   --prefix FOLDER   where the program goes; by default /opt/mobilediffusion
#   --no-service      leave systemd alone
#
# Keeps /etc/default/mobilediffusion and all jobs. Needs Java 21 or newer where every user can read it; Java 25 starts fastest.
set -eu

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

source=$(CDPATH='' cd -- "$(dirname "$0")" && pwd -P)
prefix=/opt/mobilediffusion service=yes
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) prefix=${2:-} && shift 2 ;;
        --no-service) service= && shift ;;
        *) fail "unknown option $1; --prefix FOLDER and --no-service are known" ;;
    esac
done
case $prefix in
    / | '') fail "--prefix must be a folder of its own, got '$prefix'" ;;
    /*) ;;
    *) fail "--prefix must be absolute, got '$prefix'" ;;
esac
[ "$(id -u)" -eq 0 ] || fail "only root may write to $prefix and to systemd: sudo sh install.sh"
case $(cat "$source/PLATFORM")-$(uname -m) in
    x64-x86_64 | arm64-aarch64) ;;
    *) fail "this archive is for linux-$(cat "$source/PLATFORM"), this machine is $(uname -m)" ;;
esac
"$source/start.sh" --version >/dev/null || fail "see above; on Debian: apt install openjdk-21-jre-headless"
command -v systemctl >/dev/null || service=
if [ -e "$prefix" ] && [ ! -f "$prefix/PLATFORM" ]; then
    fail "$prefix holds something else: choose another --prefix"
fi

# The new program lies whole beside the old one before it takes its place. Models of one's own move along
next=$prefix.next
rm -rf "$next"
mkdir -p "$next"
cp -R "$source/." "$next/"
if [ -d "$prefix/models" ]; then
    for model in "$prefix"/models/*; do
        [ -e "$next/models/${model##*/}" ] || [ ! -d "$model" ] || cp -R "$model" "$next/models/"
    done
fi
chown -R 0:0 "$next"
[ -z "$service" ] || systemctl stop mobilediffusion 2>/dev/null || :
rm -rf "$prefix"
mv "$next" "$prefix"

# Here the program may still write beside itself: the first picture leaves an archive of Java's classes for later starts
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
env XDG_DATA_HOME="$scratch" "$prefix/start.sh" generate "a red house" --steps 1 --out "$scratch/picture.png" >/dev/null ||
    fail "the program is in $prefix, but cannot draw: see above"
chmod -R a+rX "$prefix"
[ -e /etc/default/mobilediffusion ] || install -D -m 0644 "$source/mobilediffusion.env" /etc/default/mobilediffusion

if [ -n "$service" ]; then
    sed "s|/opt/mobilediffusion|$prefix|g" "$source/mobilediffusion.service" >/etc/systemd/system/mobilediffusion.service
    systemctl daemon-reload
    systemctl enable --now mobilediffusion
    echo "The server runs: systemctl status mobilediffusion, settings in /etc/default/mobilediffusion"
else
    echo "Start it with $prefix/start.sh serve; systemd was left alone"
fi
echo "Remove it with sh $prefix/uninstall.sh"

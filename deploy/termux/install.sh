#!/data/data/com.termux/files/usr/bin/sh
# Installs the server on an Android phone or tablet, in Termux, without root. deploy/termux/README.md says why it is so.
#
#   sh install.sh ARCHIVE     mobilediffusion-VERSION-linux-arm64.tar.gz, as deploy/package/build.sh makes it
#
# Run again with a newer archive, it brings the server up to date and keeps jobs and keys.
set -eu

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

case ${PREFIX:-} in
    */com.termux/*) ;;
    *) fail "this is not Termux; on a Linux board use the package's own install.sh, or docker" ;;
esac
[ "$(uname -m)" = aarch64 ] || fail "ONNX Runtime needs a 64-bit ARM system, this one is $(uname -m)"
archive=${1:-}
[ -f "$archive" ] || fail "the archive is missing: sh install.sh mobilediffusion-VERSION-linux-arm64.tar.gz"
free_kilobytes=$(df -k "$HOME" | awk 'NR == 2 { print $4 }')
[ "$free_kilobytes" -gt 1500000 ] || fail "1.5 GB of free storage are needed, there are $((free_kilobytes / 1000)) MB"

pkg install -y proot-distro
distribution=debian # 13 has Java 21 and a glibc that ONNX Runtime's library can use
data=$HOME/mobilediffusion-data
mkdir -p "$data" "$HOME/.termux/boot"
in_linux() {
    proot-distro login "$distribution" --bind "$data:/data" -- "$@"
}
if ! proot-distro login "$distribution" -- true 2>/dev/null; then
    proot-distro install "$distribution"
fi
# The archive goes through the bound folder, for the Linux inside sees no other of Termux's
cp "$archive" "$data/package.tar.gz"
in_linux sh -eu -c '
    if ! command -v java >/dev/null; then
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends openjdk-21-jre-headless
    fi
    rm -rf /tmp/mobilediffusion-package
    mkdir /tmp/mobilediffusion-package
    tar -xzf /data/package.tar.gz -C /tmp/mobilediffusion-package --strip-components=1
    sh /tmp/mobilediffusion-package/install.sh --no-service
    rm -rf /tmp/mobilediffusion-package /data/package.tar.gz'

# Phones with less than 4 GB keep one network in memory at a time; Android ends what takes too much
memory_kilobytes=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
profile=speed
[ "$memory_kilobytes" -ge 3800000 ] || profile=small

# Termux:Boot runs what lies there when the phone starts
start=$HOME/.termux/boot/mobilediffusion
cat >"$start" <<END
#!$PREFIX/bin/sh
# Android stops the processor of a phone that sleeps unless something asks it not to
termux-wake-lock
trap termux-wake-unlock EXIT
proot-distro login "$distribution" --bind "$data:/data" -- \\
    /opt/mobilediffusion/start.sh serve --lan --data /data --memory $profile "\$@"
END
chmod +x "$start"
echo "Start the server with: $start"
echo "With the app Termux:Boot installed, it starts with the phone."

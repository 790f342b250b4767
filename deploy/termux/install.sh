#!/data/data/com.termux/files/usr/bin/sh
# Installs the server on an Android phone or tablet, in Termux, without root. deploy/termux/README.md says why it is so.
#
#   sh install.sh [FOLDER]     FOLDER with this repository; by default the one that this script lies in
set -eu

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

case ${PREFIX:-} in
    */com.termux/*) ;;
    *) fail "this is not Termux; on a Linux board use deploy/systemd or docker" ;;
esac
[ "$(uname -m)" = aarch64 ] || fail "ONNX Runtime needs a 64-bit ARM system, this one is $(uname -m)"
source=${1:-$(cd "$(dirname "$0")/../.." && pwd)}
[ -f "$source/pom.xml" ] || fail "$source is not the repository"

pkg install -y proot-distro
distribution=ubuntu # its glibc is new enough and it has Java 21, which Debian 12 has not
in_linux() {
    proot-distro login "$distribution" --bind "$source:/opt/mobilediffusion" -- "$@"
}
if ! proot-distro login "$distribution" -- true 2>/dev/null; then
    proot-distro install "$distribution"
fi
in_linux sh -eu -c '
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends openjdk-21-jdk-headless maven
    cd /opt/mobilediffusion
    ./mobilediffusion --version
    ./mobilediffusion models list'

# Termux:Boot runs what lies there when the phone starts
mkdir -p "$HOME/.termux/boot"
start=$HOME/.termux/boot/mobilediffusion
cat >"$start" <<END
#!$PREFIX/bin/sh
# Android stops the processor of a phone that sleeps unless something asks it not to
termux-wake-lock
mkdir -p "$HOME/mobilediffusion-data"
exec proot-distro login "$distribution" --bind "$source:/opt/mobilediffusion" --bind "$HOME/mobilediffusion-data:/data" \\
    -- /opt/mobilediffusion/mobilediffusion serve --lan --data /data
END
chmod +x "$start"
echo "Start the server with: $start"
echo "With the app Termux:Boot installed, it starts with the phone."

#!/bin/bash
# Installs and runs the arm64 package as a board would: a Debian userland of that architecture, its Java, and ONNX Runtime's
# aarch64 library, on this machine's kernel by emulation. It shows that everything installs, starts, answers and draws what x86
# draws, and nothing about speed: docs/devices.md.
#
#   sudo deploy/arm64/check.sh [USERLAND_FOLDER]     kept and used again where it is given; by default a temporary folder
#
# Needs root, debootstrap and qemu-user-static (Debian: apt install debootstrap qemu-user-static), a kernel with binfmt_misc, a JDK
# >= 21 in JAVA_HOME, a built program (mvn package), curl, Python, and 1 GB of disk. On an arm64 machine nothing is emulated.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
    echo "check.sh: $*" >&2
    exit 1
}
nothing() {
    fail "$*; NOTHING was checked"
}
[ "$(id -u)" -eq 0 ] || nothing "chroot needs root"
command -v debootstrap >/dev/null || nothing "debootstrap is missing"
[ -x "${JAVA_HOME:-}/bin/jar" ] || nothing "JAVA_HOME must name a JDK"
[ -f server/target/app/mobilediffusion.jar ] || nothing "the program is not built: run mvn package first"
emulator=''
if [ "$(uname -m)" != aarch64 ]; then
    emulator=$(command -v qemu-aarch64-static) || nothing "qemu-user-static is missing"
fi

# All mounts are made in a namespace of their own. What is temporary is removed out here, where they are not to be seen
if [ -z "${CHECK_NAMESPACE:-}" ]; then
    temporary=''
    [ -n "${1:-}" ] || temporary=$(mktemp -d)
    code=0
    CHECK_NAMESPACE=1 unshare --mount --propagation private "$0" "${1:-$temporary}" || code=$?
    [ -z "$temporary" ] || rm -rf "$temporary"
    exit "$code"
fi
folder=$(realpath -m "$1")

# A Raspberry Pi 5's core. The emulator's own default has every extension there is, and is slow at each
export QEMU_CPU=cortex-a76

# The kernel hands arm64 programs to the emulator for as long as this runs. F: the emulator is opened now, outside of the chroot
binfmt=/proc/sys/fs/binfmt_misc
if [ -n "$emulator" ]; then
    [ -e $binfmt/register ] || mount -t binfmt_misc binfmt_misc $binfmt
    if [ ! -e $binfmt/qemu-aarch64 ] && [ ! -e $binfmt/mobilediffusion-arm64 ]; then
        printf '%s' ':mobilediffusion-arm64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:'"$emulator"':F' >$binfmt/register
        trap 'echo -1 >'$binfmt/mobilediffusion-arm64 EXIT
    fi
fi

# Downloaded and unpacked, but not configured: that would run hundreds of programs in the emulator, and none is needed
if [ ! -x "$folder/usr/lib/jvm/java-21-openjdk-arm64/bin/java" ]; then
    [ -d "$folder/var/cache/apt/archives" ] ||
        debootstrap --foreign --arch=arm64 --variant=minbase --include=openjdk-21-jre-headless,libstdc++6 trixie "$folder"
    for package in "$folder"/var/cache/apt/archives/*.deb; do
        dpkg-deb --extract "$package" "$folder"
    done
fi

# A board with one sensor, which this script sets
sys=$folder.sys
rm -rf "$sys"
mkdir -p "$sys/class/thermal/thermal_zone0" "$folder/sys" "$folder/proc" "$folder/dev"
zone=$sys/class/thermal/thermal_zone0
# ONNX Runtime reads here which processors there are
mkdir -p "$sys/devices/system/cpu"
for list in possible present online; do
    cp "/sys/devices/system/cpu/$list" "$sys/devices/system/cpu/"
done
echo cpu-thermal >"$zone/type"
echo 48250 >"$zone/temp"
# Java asks on which file system the data folder lies, so the root must be a mount
mount --bind "$folder" "$folder"
mount -t proc proc "$folder/proc"
mount --rbind /dev "$folder/dev"
mount --bind "$sys" "$folder/sys"
# Words, not a function, so that the server's own process is what a signal reaches
board=(chroot "$folder" /usr/bin/env -i QEMU_CPU="$QEMU_CPU" HOME=/root LC_ALL=C.UTF-8 "PATH=/usr/lib/jvm/java-21-openjdk-arm64/bin:/usr/sbin:/usr/bin:/sbin:/bin")
[ "$("${board[@]}" uname -m)" = aarch64 ] || fail "the userland says that it is $("${board[@]}" uname -m)"

echo "== the package"
rm -rf "$folder/opt/mobilediffusion" "$folder/root/package" "$folder/root/data" "$folder"/tmp/*.png
mkdir -p "$folder/root/package"
PATH=$JAVA_HOME/bin:$PATH sh deploy/package/build.sh arm64 "$folder/root/package"
tar -xzf "$folder"/root/package/*.tar.gz -C "$folder/root/package" --strip-components=1
"${board[@]}" sh /root/package/install.sh --no-service
[ -s "$folder/opt/mobilediffusion/server/target/app/classes-21.jsa" ] || fail "the installation made no archive of classes"

echo "== pocket's picture, here and there"
start=/opt/mobilediffusion/start.sh
prompt="a red house by the sea at sunset"
"${board[@]}" $start generate "$prompt" --seed 7 --out /tmp/house.png
env XDG_DATA_HOME="$sys" ./mobilediffusion generate "$prompt" --seed 7 --out "$sys/house.png"
printf 'arm64 against x86: '
deploy/compare-pictures "$folder/tmp/house.png" "$sys/house.png" 45

echo "== the server"
: >"$sys/out"
begin=$(date +%s%N)
"${board[@]}" $start serve --port 0 --data /root/data >"$sys/out" 2>"$sys/err" &
server=$!
until grep -q '^listening' "$sys/out"; do
    kill -0 $server 2>/dev/null || { cat "$sys/err"; fail "the server has ended"; }
    sleep 0.2
done
echo "ready after $((($(date +%s%N) - begin) / 1000000)) ms (emulated); $(sed -n 1p "$sys/out")"
grep 'ep=' "$sys/err" || fail "the log does not say what computes"
url=$(grep -o 'http://[0-9.:]*' "$sys/out" | head -n 1)
curl -sSf -o "$sys/rest.png" -H 'Accept: image/png' -H 'Content-Type: application/json' \
    -d "{\"prompt\":\"$prompt\",\"seed\":7}" "$url/v1/images/generations"
printf 'REST: '
deploy/compare-pictures "$sys/rest.png" "$sys/house.png" 45

# A gRPC message is a zero byte, its length in four, and protobuf: field 1, the prompt
grpc_port=$(curl -sSf "$url/v1/server" 2>/dev/null | sed -n 's/.*"grpc_port" *: *\([0-9]*\).*/\1/p' || :)
grpc=${url%:*}:${grpc_port:-${url##*:}}
# shellcheck disable=SC2059 # the escapes are the message
printf "\\0\\0\\0\\0\\$(printf %o $((${#prompt} + 2)))\\012\\$(printf %o ${#prompt})$prompt" >"$sys/request"
curl -sSf --http2-prior-knowledge -D "$sys/trailers" -o "$sys/reply" -H 'Content-Type: application/grpc' -H 'TE: trailers' \
    --data-binary "@$sys/request" "$grpc/mobilediffusion.v1.ImageGeneration/Generate"
grep -qi '^grpc-status: 0' "$sys/trailers" || { cat "$sys/trailers"; fail "gRPC's Generate failed"; }
grep -qa PNG "$sys/reply" || fail "gRPC's Generate brought no picture"
echo "gRPC: Generate brought $(wc -c <"$sys/reply") bytes with a picture"

echo "== heat"
curl -sSf "$url/metrics" | grep -E '^(mobilediffusion_device_temperature|mobilediffusion_execution_info|process_resident_memory)'
curl -sSf "$url/metrics" | grep -q '^mobilediffusion_device_temperature_celsius{zone="cpu-thermal"} 48.25' || fail "the temperature is not told"
echo 99000 >"$zone/temp"
until curl -sSf "$url/metrics" | grep -q 'condition="hot"} 1'; do sleep 0.5; done
curl -sS -D - -H 'Content-Type: application/json' -d "{\"prompt\":\"$prompt\"}" "$url/v1/images/generations" | tee "$sys/hot" | grep -E '^HTTP|^Retry|message'
echo
grep -q '^HTTP/1.1 503' "$sys/hot" || fail "a hot board did not refuse"
grep -qi '^Retry-After: 60' "$sys/hot" || fail "a hot board did not say when to come back"
echo 48250 >"$zone/temp"

kill -TERM $server
wait $server || fail "the server ended with exit code $?"
"${board[@]}" sh /opt/mobilediffusion/uninstall.sh
[ ! -e "$folder/opt/mobilediffusion" ] || fail "something was left in /opt/mobilediffusion"
rm -rf "$sys/data"
echo "arm64: installed, drew, answered REST and gRPC, refused when hot, and went without a trace"

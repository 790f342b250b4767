#!/bin/bash
# Runs the program as an arm64 board would: a Debian userland of that architecture, its Java, and ONNX Runtime's aarch64
# library, on this machine's kernel by emulation. It shows that everything loads and draws, and nothing about speed.
#
#   sudo deploy/arm64/check.sh [--bundle FOLDER] [USERLAND_FOLDER]
#
#   --bundle FOLDER    the model to draw with; by default the tests' tiny one
#   USERLAND_FOLDER    kept and used again where it is given; by default a temporary folder
#
# Needs root for chroot, debootstrap and qemu-user-static (Debian: apt install debootstrap qemu-user-static), a JDK >= 21
# in JAVA_HOME, a built program (mvn package), and some 600 MB of disk. On an arm64 machine nothing is emulated.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
    echo "check.sh: $*; NOTHING was checked" >&2
    exit 1
}

bundle=runtime/src/test/resources/bundles/tiny-flow folder=''
while [ $# -gt 0 ]; do
    case $1 in
        --bundle) bundle=$2 && shift 2 ;;
        -*) fail "unknown option $1" ;;
        *) folder=$1 && shift ;;
    esac
done
[ "$(id -u)" -eq 0 ] || fail "chroot needs root"
command -v debootstrap >/dev/null || fail "debootstrap is missing"
[ -x "${JAVA_HOME:-}/bin/jar" ] || fail "JAVA_HOME must name a JDK"
[ -f "$bundle/model_index.json" ] || fail "there is no model in $bundle"
[ -f server/target/app/mobilediffusion.jar ] || fail "the program is not built: run mvn package first"
emulator=''
if [ "$(uname -m)" != aarch64 ]; then
    emulator=$(command -v qemu-aarch64-static) || fail "qemu-user-static is missing"
fi

suite=trixie java=openjdk-21-jre-headless
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi

# Downloaded and unpacked, but not configured: that would run hundreds of programs in the emulator, and none is needed
if [ ! -x "$folder/usr/lib/jvm/java-21-openjdk-arm64/bin/java" ]; then
    debootstrap --foreign --arch=arm64 --variant=minbase --include="$java,libstdc++6" "$suite" "$folder"
    for package in "$folder"/var/cache/apt/archives/*.deb; do
        dpkg-deb --extract "$package" "$folder"
    done
fi
if [ -n "$emulator" ]; then
    install -D "$emulator" "$folder/usr/bin/qemu-aarch64-static"
fi

rm -rf "$folder/opt/mobilediffusion" "$folder/tmp/house.png"
PATH=$JAVA_HOME/bin:$PATH sh deploy/assemble.sh arm64 "$folder/opt/mobilediffusion"
rm -rf "$folder/opt/mobilediffusion/models"
mkdir "$folder/opt/mobilediffusion/models"
cp -R "$bundle" "$folder/opt/mobilediffusion/models/"

# The emulator runs Java by its path, so that the kernel need not know arm64 programs; hence no launcher either
in_userland() {
    # shellcheck disable=SC2016 # the inner shell expands
    unshare --mount --propagation private sh -euc 'mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; shift; exec chroot "$@"' \
        sh "$folder" "$folder" ${emulator:+/usr/bin/qemu-aarch64-static} "$@"
}
home=/opt/mobilediffusion
java() {
    in_userland /usr/lib/jvm/java-21-openjdk-arm64/bin/java -Xms64m -Xmx128m -Xmn40m -XX:SurvivorRatio=4 -XX:TargetSurvivorRatio=90 -XX:+UseSerialGC \
        --enable-native-access=ALL-UNNAMED \
        "-Donnxruntime.native.path=$home/native" "-Dorg.sqlite.lib.path=$home/native" "-Dmobilediffusion.home=$home" "$@"
}
java -XshowSettings:properties -version 2>&1 | grep -E 'os.arch|java.version ='
java -jar "$home/server/target/app/mobilediffusion.jar" \
    generate "a red house by the sea at sunset" --seed 7 --steps 2 --out /tmp/house.png
head -c 8 "$folder/tmp/house.png" | grep -q PNG
echo "arm64: drew $(wc -c <"$folder/tmp/house.png") bytes of PNG with the aarch64 library"

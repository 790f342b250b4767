#!/bin/bash
# Runs the steps of docker/Dockerfile.xnnpack in Debian 13 roots, without a Docker engine, and draws pocket's picture with
# each execution provider of the result.
#
#   sudo docker/xnnpack/check.sh [FOLDER]     FOLDER keeps the roots for the next time; by default a temporary one
#
# Needs root, debootstrap, a JDK >= 21 in JAVA_HOME, a built program (mvn package), Python, network for Debian's packages, and
# 1.5 GB of disk. What stands for the base image is debootstrap's minbase; the stage "build" is this machine's build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
    echo "check.sh: $*; NOTHING was checked" >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] || fail "chroot needs root"
command -v debootstrap >/dev/null || fail "debootstrap is missing"
[ -x "${JAVA_HOME:-}/bin/jar" ] || fail "JAVA_HOME must name a JDK"
[ -f server/target/app/mobilediffusion.jar ] || fail "the program is not built: run mvn package first"
folder=${1:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
folder=$(realpath -m "$folder")

# The packages that the stage which begins with "FROM $1" installs
packages() {
    sed -n "/^FROM $1\$/,/^COPY/p" docker/Dockerfile.xnnpack | sed -n 's/^        \([a-z0-9. -]*\) && \\$/\1/p' | head -n 1
}
in_root() {
    # shellcheck disable=SC2016 # the inner shell expands
    unshare --mount --propagation private sh -euc 'mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; exec chroot "$@"' \
        sh "$@"
}
install_packages() {
    # shellcheck disable=SC2046 # packages are words
    in_root "$1" sh -euc 'export DEBIAN_FRONTEND=noninteractive; apt-get update -q; apt-get install -q -y --no-install-recommends "$@"' \
        sh $(packages "$2") >>"$folder/apt.log"
}

mkdir -p "$folder"
if [ ! -f "$folder/image/usr/bin/java" ] && [ ! -L "$folder/image/usr/bin/java" ]; then
    debootstrap --variant=minbase --include=ca-certificates trixie "$folder/image" >"$folder/debootstrap.log"
    sed -i 's/^deb \(.*\)/&\ndeb-src \1/' "$folder/image/etc/apt/sources.list"
    cp /etc/resolv.conf "$folder/image/etc/"
    cp -a "$folder/image" "$folder/binding"
    install_packages "$folder/binding" 'debian:trixie-slim AS binding'
    install_packages "$folder/image" debian:trixie-slim
    in_root "$folder/image" apt-get clean
fi

home=/opt/mobilediffusion
architecture=$(dpkg --print-architecture)
rm -rf "$folder/image$home" "$folder/plain" "$folder/binding/image" "$folder/binding/binding"
PATH=$JAVA_HOME/bin:$PATH sh deploy/assemble.sh "$architecture" "$folder/plain"
mkdir -p "$folder/binding/image$(dirname "$home")"
cp -R "$folder/plain" "$folder/binding/image$home"
cp docker/xnnpack/*.sh "$folder/binding/tmp/"
in_root "$folder/binding" sh -euc 'sh /tmp/build-binding.sh /binding && sh /tmp/install-binding.sh /binding /image'"$home" >"$folder/binding.log" 2>&1 ||
    { tail -n 20 "$folder/binding.log"; exit 1; }
cp -R "$folder/binding/image$home" "$folder/image$home"

draw() {
    in_root "$folder/image" /usr/bin/env HOME=/tmp MOBILEDIFFUSION_EP="$1" "$home/start.sh" \
        generate "a red house by the sea at sunset" --seed 7 --out "/tmp/$1.png"
}
env HOME="$folder" "$folder/plain/start.sh" generate "a red house by the sea at sunset" --seed 7 --out "$folder/maven.png"
failed=0
# Debian's library says on stderr, at every start, that ONNX's operators are registered twice
for provider in cpu xnnpack; do
    draw "$provider" 2> >(grep -v -e '^$' -e '^Schema error' >&2)
    printf '%s against ONNX Runtime of Maven Central: ' "$provider"
    deploy/compare-pictures "$folder/image/tmp/$provider.png" "$folder/maven.png" 45 || failed=1
done
# oneDNN computes the text encoder wrongly without an error; the first run is held against the CPU's
draw dnnl 2>"$folder/dnnl.log"
grep 'text_encoder: computed by cpu, since dnnl computes it wrongly' "$folder/dnnl.log" || failed=1
printf 'dnnl against ONNX Runtime of Maven Central: '
deploy/compare-pictures "$folder/image/tmp/dnnl.png" "$folder/maven.png" 45 || failed=1
if draw acl 2>"$folder/acl.log"; then
    echo "check.sh: acl should not be there" >&2
    failed=1
fi
tail -n 1 "$folder/acl.log"
in_root "$folder/image" /usr/bin/env HOME=/tmp "$home/start.sh" bench --runs 5 --ep cpu 2>"$folder/bench.log"
in_root "$folder/image" /usr/bin/env HOME=/tmp "$home/start.sh" bench --runs 5 --ep xnnpack 2>"$folder/bench.log"
echo "image: $(du -sm --exclude=./proc "$folder/image" | cut -f1) MB, of which the program $(du -sm "$folder/image$home" | cut -f1) MB"
exit "$failed"

#!/bin/bash
# Runs install.sh and the start script it writes as far as that goes without a phone: a Debian 13 root entered by chroot stands for
# proot-distro's, small scripts stand for pkg and Termux's other commands, and this machine's architecture for the phone's.
#
#   sudo deploy/termux/check.sh [FOLDER]     FOLDER keeps the root for the next time; by default a temporary one
#
# Needs root, debootstrap, a JDK >= 21 in JAVA_HOME, a built program (mvn package), curl, network for Debian's packages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ "$(id -u)" -eq 0 ] || {
    echo "check.sh: chroot needs root; NOTHING was checked" >&2
    exit 1
}
if [ -z "${CHECK_NAMESPACE:-}" ]; then
    folder=${1:-$(mktemp -d)}
    code=0
    CHECK_NAMESPACE=1 unshare --mount --propagation private "$0" "$folder" || code=$?
    [ -n "${1:-}" ] || rm -rf "$folder"
    exit "$code"
fi
folder=$(realpath -m "$1")
root=$folder/debian
[ -d "$root/usr" ] || {
    debootstrap --variant=minbase trixie "$root" >"$folder.log"
    cp /etc/resolv.conf "$root/etc/"
}
mount --bind "$root" "$root" # Java asks on which file system the data folder lies
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"

termux=$folder/data/com.termux/files
rm -rf "$termux" "$root/opt/mobilediffusion"
mkdir -p "$termux/usr/bin" "$termux/home" "$root/data"
stand_in() {
    cat >"$termux/usr/bin/$1"
    chmod +x "$termux/usr/bin/$1"
}
ln -s /bin/sh "$termux/usr/bin/sh"
stand_in pkg <<<'#!/bin/sh'
stand_in uname <<<$'#!/bin/sh\necho aarch64'
stand_in termux-wake-lock <<<$'#!/bin/sh\ntouch "$HOME/locked"'
stand_in termux-wake-unlock <<<$'#!/bin/sh\nrm "$HOME/locked"'
# login NAME [--bind FROM:TO] -- COMMAND
stand_in proot-distro <<END
#!/bin/bash
[ "\$1" = login ] || exit 1
shift 2
if [ "\$1" = --bind ]; then
    mountpoint -q "$root\${2#*:}" || mount --bind "\${2%%:*}" "$root\${2#*:}"
    shift 2
fi
shift
exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "\$@"
END

case $(dpkg --print-architecture) in amd64) platform=x64 ;; *) platform=arm64 ;; esac
PATH=$JAVA_HOME/bin:$PATH sh deploy/package/build.sh "$platform" "$folder"
export HOME=$termux/home PREFIX=$termux/usr PATH=$termux/usr/bin:$PATH
sh deploy/termux/install.sh "$folder"/mobilediffusion-*.tar.gz
"$HOME/.termux/boot/mobilediffusion" --port 0 --insecure >"$folder/out" 2>"$folder/err" &
starter=$!
until grep -q '^listening' "$folder/out"; do
    kill -0 $starter || { cat "$folder/err"; exit 1; }
    sleep 0.2
done
[ -e "$HOME/locked" ] || { echo "check.sh: no wake lock was taken" >&2; exit 1; }
url=http://127.0.0.1:$(sed -n 's|.*http://[^:]*:\([0-9]*\).*|\1|p' "$folder/out" | head -n 1)
curl -sSf -o "$folder/house.png" -H 'Accept: image/png' -H 'Content-Type: application/json' \
    -d '{"prompt":"a red house by the sea at sunset"}' "$url/v1/images/generations"
head -c 8 "$folder/house.png" | grep -q PNG
pkill -TERM -P $starter
wait $starter || :
[ ! -e "$HOME/locked" ] || { echo "check.sh: the wake lock was kept" >&2; exit 1; }
[ -f "$HOME/mobilediffusion-data/jobs.sqlite" ]
echo "termux: installed, started with a wake lock, drew $(wc -c <"$folder/house.png") bytes of PNG, stopped, and gave the lock back"

#!/bin/bash
# The second half of replay.sh, called by it in namespaces of its own: runs the root folder $1 as a container, on a
# read-only root with a noexec /tmp, without network but loopback, as the image's user and without capabilities.
set -euo pipefail

root=$1 java_path=$2 workdir=$3 bundle=$4
user=${USER_%:*} group=${USER_#*:}
container=$root.container
home=$root/opt/mobilediffusion

# ["a", "b"] as words, one per line
words() {
    python3 -c 'import json, sys; print("\n".join(json.loads(sys.argv[1])))' "$1"
}
mapfile -t entrypoint < <(words "$ENTRYPOINT_")
mapfile -t command < <(words "$CMD_")
mapfile -t healthcheck < <(words "$HEALTHCHECK_")

ip link set lo up
if [ -n "$bundle" ]; then
    mounted=$home/models/$(basename "$bundle")
    mkdir -p "$mounted"
    mount --bind "$bundle" "$mounted"
    mount -o remount,bind,ro "$mounted"
fi
mkdir -p "$container"
mount --rbind "$root" "$container"
mount -o remount,bind,ro "$container"
mount -t proc proc "$container/proc"
mount --bind "$root/data" "$container/data"
mount -t tmpfs -o noexec,nosuid,nodev tmpfs "$container/tmp"

# In the container, as its user. The shell goes to the folder and becomes the program, so that signals reach it
run() {
    # shellcheck disable=SC2016 # the inner shell expands
    exec chroot "$container" /usr/bin/env -i PATH="$java_path/bin:/usr/sbin:/usr/bin:/sbin:/bin" JAVA_HOME="$java_path" HOME=/data \
        /usr/bin/setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs --bounding-set=-all \
        /bin/sh -c 'cd "$0" && exec "$@"' "$workdir" "$@"
}
healthy() {
    (run "${healthcheck[@]}") 2>/dev/null
}

echo "== the root cannot be written to, /data can"
if (run touch /opt/mobilediffusion/written) 2>/dev/null; then
    echo "replay-run.sh: user $user wrote to the read-only root" >&2
    exit 1
fi
(run touch /data/written)

echo "== ${entrypoint[*]} generate"
(run "${entrypoint[@]}" generate "a red house by the sea at sunset" --seed 7 --steps 2 --out /data/house.png)
head -c 8 "$root/data/house.png" | grep -q PNG
# Its library could not be unpacked to a noexec /tmp
(run "${entrypoint[@]}" generate "a red house by the sea at sunset" --seed 7 --steps 2 --out /data/house.webp)
head -c 12 "$root/data/house.webp" | grep -q WEBP

key=$(run "${entrypoint[@]}" keys add replay --data /data)
echo "== ${entrypoint[*]} ${command[*]}"
(run "${entrypoint[@]}" "${command[@]}") &
server=$!
seconds=0
until healthy; do
    kill -0 "$server" 2>/dev/null || { echo "replay-run.sh: the server has ended" >&2; exit 1; }
    [ "$seconds" -lt 300 ] || { echo "replay-run.sh: not healthy after 300 s" >&2; exit 1; }
    sleep 1
    seconds=$((seconds + 1))
done
echo "== healthy after $seconds s; the metrics that dashboard and rules need:"
deploy/check-metrics --key "$key" --draw http://127.0.0.1:8080

echo "== SIGTERM"
kill -TERM "$server"
code=0
wait "$server" || code=$?
echo "== the server ended with exit code $code"
[ "$code" -eq 0 ]

#!/bin/bash
# Replays the Dockerfile without a Docker engine, then runs what came out of it, as a container would.
#
#   sudo docker/replay.sh [--bundle FOLDER] [--jdk FOLDER] [IMAGE_FOLDER]
#
#   --bundle FOLDER   mounts this model read-only into the image, for a tree without a model of its own
#   --jdk FOLDER      the Java of both stages; by default $JAVA_HOME
#   IMAGE_FOLDER      where the stages' files go and stay; by default a temporary folder
#
# What is real: the instructions are read from the Dockerfile, in their order; each stage's RUN works in a chroot of its
# own; COPY obeys .dockerignore; docker/replay-run.sh runs the result by its USER, ENTRYPOINT, CMD and HEALTHCHECK.
# What is not: the base images. /usr, the JDK and Maven are this machine's, bound read-only, and ~/.m2 stands for the
# cache mount. Needs root, git, Maven, Python and util-linux.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    echo "replay.sh: $*" >&2
    exit 1
}

bundle='' jdk=${JAVA_HOME:-} folder=''
while [ $# -gt 0 ]; do
    case $1 in
        --bundle) bundle=$(realpath "$2") && shift 2 ;;
        --jdk) jdk=$2 && shift 2 ;;
        -*) fail "unknown option $1" ;;
        *) folder=$(realpath -m "$1") && shift ;;
    esac
done
[ "$(id -u)" -eq 0 ] || fail "chroot needs root"
[ -x "$jdk/bin/javac" ] || fail "no JDK at '$jdk': name one with --jdk"

# All mounts are made in a namespace of their own. Files are removed out here, where the mounts are not to be seen
if [ -z "${REPLAY_NAMESPACE:-}" ]; then
    temporary=''
    if [ -z "$folder" ]; then temporary=$(mktemp -d); fi
    code=0
    REPLAY_NAMESPACE=1 unshare --mount --propagation private "docker/replay.sh" \
        ${bundle:+--bundle "$bundle"} --jdk "$jdk" "${folder:-$temporary}" || code=$?
    if [ -n "$temporary" ]; then rm -rf "$temporary"; fi
    exit "$code"
fi
java_path=/opt/java/openjdk # as in Temurin's images

# The Dockerfile without comments, one instruction per line
instructions() {
    sed -e '/^[[:space:]]*#/d' -e '/^[[:space:]]*$/d' Dockerfile |
        sed -e ':join' -e '/\\$/{N;s/\\\n[[:space:]]*//;b join' -e '}'
}

# Files of the build context: what git knows or does not ignore, less what .dockerignore leaves out
context_files() {
    git ls-files -co --exclude-standard | python3 -c '
import sys
rules = [line.strip() for line in open(".dockerignore") if line.strip() and not line.startswith("#")]
for path in map(str.rstrip, sys.stdin):
    kept = True
    for rule in rules:
        name = rule.removeprefix("!")
        if name == "*" or path == name or path.startswith(name + "/"):
            kept = rule.startswith("!")
    if kept:
        print(path)'
}

# A folder to chroot into: this machine's system, with an /etc of its own, so that a stage may add users
new_root() {
    root=$folder/$1
    rm -rf "$root"
    mkdir -p "$root"/{usr,proc,dev,tmp,root,etc,var,opt/java/openjdk}
    chmod 1777 "$root/tmp"
    for link in bin sbin lib lib32 lib64; do
        if [ -L "/$link" ]; then cp -P "/$link" "$root/"; fi
    done
    for file in passwd group shadow gshadow login.defs ld.so.cache nsswitch.conf resolv.conf hosts ssl alternatives \
        maven java; do
        if [ -e "/etc/$file" ]; then cp -R "/etc/$file" "$root/etc/"; fi
    done
    mount --bind /usr "$root/usr"
    mount -o remount,bind,ro "$root/usr"
    mount --bind "$jdk" "$root$java_path"
    mount -o remount,bind,ro "$root$java_path"
    mount --rbind /proc "$root/proc"
    mount --rbind /dev "$root/dev"
}

# RUN: shell command $1, with the folder $2 kept from build to build where it is not empty
run() {
    if [ -n "$2" ]; then
        mkdir -p "$root$2" "$HOME/.m2"
        mount --bind "$HOME/.m2" "$root$2"
    fi
    chroot "$root" /usr/bin/env -i HOME=/root JAVA_HOME="$java_path" \
        PATH="$java_path/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "${environment[@]}" \
        /bin/sh -c "cd $workdir && $1"
    if [ -n "$2" ]; then umount "$root$2"; fi
}

copy() {
    if [ "${1#--from=}" != "$1" ]; then
        cp -a "$folder/${1#--from=}$2." "$root$3"
    elif [ "$1" = . ]; then
        context_files | tar -cf - -T - | tar -xf - --no-same-owner -C "$root$workdir/$2"
    else
        fail "this script cannot COPY $*"
    fi
}

root='' workdir=/ environment=() USER_='' HEALTHCHECK_='' ENTRYPOINT_='' CMD_=''
while IFS= read -r line; do
    echo "== $line"
    rest=${line#* } cache=''
    case ${line%% *} in
        FROM)
            case $rest in *' AS '*) new_root "${rest##* }" ;; *) new_root image ;; esac
            workdir=/ environment=()
            ;;
        WORKDIR) workdir=$rest && mkdir -p "$root$workdir" ;;
        ENV) environment+=("$(eval "printf %s $rest")") ;;
        ARG | VOLUME | EXPOSE) ;; # TARGETARCH stays empty: the Dockerfile then asks dpkg
        COPY) eval "copy $rest" ;;
        RUN)
            if [[ $rest =~ ^--mount=type=cache,target=([^ ]+)\ (.*)$ ]]; then
                cache=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}
            fi
            run "$rest" "$cache" </dev/null
            ;;
        USER) USER_=$rest ;;
        HEALTHCHECK) HEALTHCHECK_=${rest#*CMD } ;;
        ENTRYPOINT) ENTRYPOINT_=$rest ;;
        CMD) CMD_=$rest ;;
        *) fail "the Dockerfile has an instruction that this script does not know: $line" ;;
    esac
done < <(instructions)
echo "== $(du -sm "$root/opt/mobilediffusion" | cut -f1) MB in /opt/mobilediffusion, beside the Java runtime"

export USER_ HEALTHCHECK_ ENTRYPOINT_ CMD_
unshare --net --pid --fork --kill-child docker/replay-run.sh "$root" "$java_path" "$workdir" "$bundle"
echo "== the replay succeeded"

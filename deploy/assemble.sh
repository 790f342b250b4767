#!/bin/sh
# Lays out a program that runs by itself: launcher, jars, models, and the native libraries of one processor architecture.
# The Docker image holds just that, and so does /opt/mobilediffusion where systemd runs it. Start it with start.sh.
#
#   deploy/assemble.sh amd64|arm64 FOLDER      in the repository's root, after "mvn package"; needs a JDK's jar command
#
# The libraries lie as files beside the jars, so that nothing is unpacked to /tmp, which may be a noexec mount; and the
# jars lose those of every other platform, which are most of their size.
set -eu

fail() {
    echo "assemble.sh: $*" >&2
    exit 2
}

case ${1:-} in
    amd64) onnxruntime=linux-x64 machine=x86_64 ;;
    arm64) onnxruntime=linux-aarch64 machine=aarch64 ;;
    *) fail "the architecture must be amd64 or arm64, got '${1:-}'" ;;
esac
[ -n "${2:-}" ] || fail "the folder to write to is missing"
[ -f server/target/app/mobilediffusion.jar ] || fail "server/target/app/mobilediffusion.jar is missing: run mvn package here first"
command -v jar >/dev/null || fail "the jar command of a JDK is missing"
[ ! -e "$2/server" ] || fail "$2 holds a program already: remove $2/server, $2/native and $2/models first"

mkdir -p "$2/native" "$2/models" "$2/server/target"
folder=$(CDPATH='' cd -- "$2" && pwd)
app=$folder/server/target/app
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# Unpacks jar $1, takes folder $2 out of it, and puts $2/$3, the libraries of this platform, into $work/natives
open_jar() {
    mkdir "$work/jar"
    (cd "$work/jar" && jar --extract --file "$1")
    mv "$work/jar/$2/$3" "$work/natives" # fails where a new release has moved them
    rm -r "${work:?}/jar/$2"
}

# Packs what open_jar unpacked into jar $1 again
close_jar() {
    mv "$work/jar/META-INF/MANIFEST.MF" "$work/manifest"
    jar --create --file "$1" --manifest "$work/manifest" -C "$work/jar" .
    rm -r "$work/jar"
}

# Lays the libraries $2/$3 of jar $1 beside the program, and takes all of $2 out of the jar
lift_natives() {
    open_jar "$@"
    cp "$work/natives"/*.so "$folder/native/"
    rm -r "$work/natives"
    close_jar "$1"
}

# Not what the launcher put beside them for this machine
mkdir -p "$app"
cp -R server/target/app/mobilediffusion.jar server/target/app/lib "$app/"
cp mobilediffusion LICENSE deploy/start.sh "$folder/"
lift_natives "$app"/lib/onnxruntime-[0-9]*.jar ai/onnxruntime/native "$onnxruntime"
lift_natives "$app"/lib/sqlite-jdbc-[0-9]*.jar org/sqlite/native "Linux/$machine"
lift_natives "$app"/lib/webp-imageio-[0-9]*.jar native "Linux/$machine"

for index in models/*/model_index.json; do
    if [ -f "$index" ]; then
        cp -R "$(dirname "$index")" "$folder/models/"
    else
        echo "assemble.sh: there is no model in models/: put one into $2/models" >&2
    fi
done
chmod -R a+rX,go-w "$folder"
chmod 0755 "$folder/mobilediffusion" "$folder/start.sh"

#!/bin/sh
# Draws with a real execution provider in a library of its own (serve and generate --ep-library), and compares with the CPU's picture.
#
#   deploy/plugin-provider.sh APP
#
# APP is the folder with mobilediffusion.jar and lib/: server/target/app once the launcher has run. The provider is ggml's, from PyPI
# (onnxruntime-ggml 0.2.0, x86-64), which wants ONNX Runtime 1.29; so a copy of APP gets 1.29.0's jar from Maven Central. Fetches 120 MB.
# Needs Java 21 or newer, Maven, Python 3 with pip, unzip. Exit code 0: the provider was loaded, what it computed was held against the
# CPU's, and the pictures are at least 40 dB alike.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
[ -f "${1:-}/mobilediffusion.jar" ] || { echo "plugin-provider.sh: name the folder with mobilediffusion.jar, such as server/target/app" >&2; exit 2; }
app=$(CDPATH='' cd -- "$1" && pwd -P)
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m pip download -q --no-deps -d "$work" onnxruntime-ggml==0.2.0
unzip -q "$work"/onnxruntime_ggml-*.whl -d "$work/provider"
mvn -q -B dependency:copy -Dartifact=com.microsoft.onnxruntime:onnxruntime:1.29.0 -DoutputDirectory="$work"
mkdir "$work/app"
cp -r "$app/mobilediffusion.jar" "$app/lib" "$work/app"
for old in "$work"/app/lib/onnxruntime-[0-9]*.jar; do
    mv "$work/onnxruntime-1.29.0.jar" "$old" # by the name that the manifest knows
done

draw() {
    "$java" --enable-native-access=ALL-UNNAMED "-Dmobilediffusion.home=$root" -jar "$work/app/mobilediffusion.jar" \
        generate "a red house" --seed 1 "$@"
}
draw --out "$work/cpu.png"
draw --out "$work/plugin.png" --ep-library "$work/provider/onnxruntime_ggml/lib/libonnxruntime_ggml.so" 2>"$work/log"
grep -E 'computed by' "$work/log"
grep -q 'computed by onnxruntime_ggml, ' "$work/log"
python3 "$root/deploy/compare-pictures" "$work/cpu.png" "$work/plugin.png" 40

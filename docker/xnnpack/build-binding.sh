#!/bin/sh
# Builds ONNX Runtime's Java binding against Debian 13's own library, which has XNNPACK where Maven Central's has not.
#
#   build-binding.sh FOLDER     in Debian 13, with the packages that docker/Dockerfile.xnnpack names; FOLDER gets
#                               onnxruntime-VERSION.jar, libonnxruntime4j_jni.so and links to Debian's libraries
#
# The binding in Maven Central asks for the symbol version VERS_1.21.0 where Debian's library says VERS_1.21, so both
# halves are built from Debian's source package of the same version. Nothing is downloaded but that package.
set -eu
out=$1
version=$(dpkg-query -W -f '${Version}' libonnxruntime1.21 | sed 's/[+~-].*//')
libraries=$(dirname "$(dpkg -L libonnxruntime1.21 | grep '/libonnxruntime\.so\.1\.21$')")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$out" "$work/source" "$work/classes" "$work/headers"
(cd "$work" && apt-get source -q --download-only --tar-only onnxruntime >&2)
tar -xf "$work"/onnxruntime_*.orig.tar.xz -C "$work/source" --strip-components=1 --wildcards '*/java/src/main/*' '*/include/*'
java=$work/source/java/src/main

find "$java/java" "$java/jvm" -name '*.java' ! -name module-info.java >"$work/sources"
javac -nowarn --release 17 -h "$work/headers" -d "$work/classes" "@$work/sources"
jar --create --file "$out/onnxruntime-$version.jar" -C "$work/classes" .

# Training is not in Debian's library; the configuration header is what cmake would have made of an empty one
rm "$java"/native/*Training*.c
: >"$work/headers/onnxruntime_config.h"
home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
gcc -shared -fPIC -O2 -Wall -Werror=implicit-function-declaration -DORT_VERSION="\"$version\"" -DUSE_DNNL \
    -I"$work/headers" -I"$java/native" -I"$home/include" -I"$home/include/linux" \
    -I"$work/source/include" -I"$work/source/include/onnxruntime" -I"$work/source/include/onnxruntime/core/session" \
    "$java"/native/*.c -o "$out/libonnxruntime4j_jni.so" -l:libonnxruntime.so.1.21
ln -sf "$libraries/libonnxruntime.so.1.21" "$out/libonnxruntime.so"
for provider in "$libraries"/libonnxruntime_providers_*.so; do
    ln -sf "$provider" "$out/"
done
ls -l "$out" >&2

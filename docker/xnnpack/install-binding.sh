#!/bin/sh
# Lets an assembled program run on Debian's ONNX Runtime in place of Maven Central's.
#
#   install-binding.sh BINDING HOME     BINDING as build-binding.sh made it; HOME as deploy/assemble.sh laid it out
set -eu
binding=$1 home=$2
rm -f "$home"/native/libonnxruntime*
cp -P "$binding"/*.so "$home/native/"
# The program's jar names its neighbour by this file name, whatever version is in it
set -- "$home"/server/target/app/lib/onnxruntime-[0-9]*.jar
if [ $# -ne 1 ] || [ ! -f "$1" ]; then
    echo "install-binding.sh: there must be one ONNX Runtime in $home, found $*" >&2
    exit 1
fi
cp "$binding"/onnxruntime-*.jar "$1"

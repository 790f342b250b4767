# The server with its models on a Java runtime, for amd64 and arm64. docker/README.md tells how to build and run it.

# Java code is the same everywhere, so Maven runs on the builder's own processor, whatever the image is for
FROM --platform=$BUILDPLATFORM maven:3.9.11-eclipse-temurin-25 AS build
ENV MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED"
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.m2 \
    mvn -B -q -ntp -pl server -am -Dquick -Dmaven.test.skip=true package
ARG TARGETARCH
RUN sh deploy/assemble.sh "${TARGETARCH:-$(dpkg --print-architecture)}" /image/opt/mobilediffusion && \
    cp docker/healthcheck.sh /image/opt/mobilediffusion/

# Debian's or Ubuntu's glibc: ONNX Runtime has no library for musl (Alpine)
FROM eclipse-temurin:25-jre-noble
RUN groupadd --gid 10001 mobilediffusion && \
    useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin mobilediffusion && \
    install -d -o mobilediffusion -g mobilediffusion -m 0750 /data
COPY --from=build /image/ /
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080 8081
# Ready, not merely alive: the model is loaded. The server listens at once, so a slow board needs the start period
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=4 \
    CMD ["/opt/mobilediffusion/healthcheck.sh"]
ENTRYPOINT ["/opt/mobilediffusion/start.sh"]
# Docker publishes the port; who comes in needs a key, the health check does not
CMD ["serve", "--lan", "--open-ready", "--data", "/data"]

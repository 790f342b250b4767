package dev.mobilediffusion.server;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Settings that are refused, by which sentence. */
final class ConfigRefusalsTest extends ServerConfigFixture {

    @Test
    void anUnknownSettingIsRefusedWithTheNearestKnownOne() {
        assertThat(refusal("queue-capasity", "5"), is("unknown setting queue-capasity; did you mean queue-capacity?"));
    }

    @ParameterizedTest
    @CsvSource({
        "port,-1,'port must be in [0, 65535], got -1'",
        "port,65536,'port must be in [0, 65535], got 65536'",
        "port,5000000000,'port must be a whole number of at most 31 bits, got \"5000000000\"'",
        "port,http,'port must be a whole number, got \"http\"'",
        "ep,fast,'ep must be one of auto, cpu, xnnpack, acl, dnnl, nnapi, qnn, webgpu, coreml, openvino, cuda, got"
                + " \"fast\"'",
        "kernels,fp4,'kernels must be some of bf16, lut-gemm, no-kleidiai, with commas, got \"fp4\"'",
        "threads,257,'threads must be in [0, 256], got 257'",
        "heat-soft-celsius,10,'heat-soft-celsius must be in [20, 200], got 10'",
        "heat-hard-celsius,79,'heat-hard-celsius must be in [80, 200], got 79'",
        "battery-min-percent,101,'battery-min-percent must be in [0, 100], got 101'",
        "port,65535,'grpc-port must be given where port is 65535, the last'",
        "grpc-port,65536,'grpc-port must be in [0, 65535], got 65536'",
        "grpc-port,8080,'grpc-port must be another than port, got 8080 for both'",
        "queue-capacity,0,'queue-capacity must be in [1, 10000], got 0'",
        "memory,tiny,'memory must be speed or small, got \"tiny\"'",
        "unload-after,PT0S,'unload-after must be positive, got PT0S'",
        "grace-period,PT0S,'grace-period must be positive, got PT0S'",
        "grace-period,soon,'grace-period must be a duration such as PT30S, got \"soon\"'",
        "max-connections,0,'max-connections must be in [1, 65535], got 0'",
        "max-body-bytes,10,'max-body-bytes must be in [1024, 1073741824], got 10'",
        "log-prompts,yes,'log-prompts must be true or false, got \"yes\"'",
        "host,'  ','host must not be empty'",
        "tls-key,k,'tls-certificate and tls-key come together or not at all'",
        "safety-checker,maybe,'safety-checker must be on or off, got \"maybe\"'",
        "insecure,maybe,'insecure must be true or false, got \"maybe\"'",
        "allowed-hosts,a.example:80,'allowed-hosts must be names such as pictures.example.org, got ''a.example:80'''",
        "public-url,example.org,'public-url must be such as https://pictures.example.org or https://example.org/draw,"
                + " got ''example.org'''",
        "public-url,https://example.org/?a=b,'public-url must be such as https://pictures.example.org or"
                + " https://example.org/draw, got ''https://example.org/?a=b'''",
        "trusted-proxies,proxy.example,'trusted-proxies must be addresses or ranges such as 127.0.0.1, 10.0.0.0/8 or"
                + " fd00::/8, got ''proxy.example'''",
        "trusted-proxies,10.0.0.0/33,'trusted-proxies must be addresses or ranges such as 127.0.0.1, 10.0.0.0/8 or"
                + " fd00::/8, got ''10.0.0.0/33'''",
        "allowed-origins,c.example,'allowed-origins must be such as https://chat.example.org, without a path, got"
                + " ''c.example'''",
    })
    void aWrongValueIsRefusedWithBoundAndValue(String key, String value, String sentence) {
        assertThat(refusal(key, value), is(sentence));
    }

    private static String refusal(String key, String value) {
        return assertThrows(
                        IllegalArgumentException.class,
                        () -> ConfigKeys.apply(ServerConfig.defaults(HOME), Map.of(key, value)))
                .getMessage();
    }
}

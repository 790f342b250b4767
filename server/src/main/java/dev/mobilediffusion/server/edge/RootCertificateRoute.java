package dev.mobilediffusion.server.edge;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import java.nio.charset.StandardCharsets;

/** The root certificate that this machine made, for devices that want to trust it. It is no secret. */
public final class RootCertificateRoute implements HttpService {

    private final byte[] pem;

    public RootCertificateRoute(String pem) {
        this.pem = pem.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get((request, response) -> {
                    response.header(HeaderNames.CONTENT_TYPE, "application/x-x509-ca-cert");
                    response.header(
                            HeaderNames.CONTENT_DISPOSITION, "attachment; filename=\"mobilediffusion-root.pem\"");
                    response.send(pem);
                })
                .any(Routes.methodNotAllowed("GET, HEAD"));
    }
}

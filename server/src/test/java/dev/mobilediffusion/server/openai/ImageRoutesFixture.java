package dev.mobilediffusion.server.openai;

import static io.restassured.RestAssured.given;

import dev.mobilediffusion.server.TestServer;
import io.restassured.builder.RequestSpecBuilder;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server that draws at once, asked in the API of OpenAI. */
abstract class ImageRoutesFixture {

    static final String PATH = "/v1/images/generations";

    @RegisterExtension
    static final TestServer server = TestServer.quick();

    static RequestSpecification client;

    @BeforeAll
    static void start() {
        client = new RequestSpecBuilder()
                .setBaseUri(server.url())
                .setContentType(ContentType.JSON)
                .build();
    }

    @BeforeEach
    void forget() {
        server.pipeline.forget();
    }

    static Response post(String body) {
        return given(client).body(body).post(PATH);
    }
}

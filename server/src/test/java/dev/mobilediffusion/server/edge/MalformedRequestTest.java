package dev.mobilediffusion.server.edge;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.TestServer;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever arrives: a 4xx that says what is wrong, never a 500, never an empty body, and the model is never asked. */
final class MalformedRequestTest {

    private static final String PATH = "/v1/images/generations";

    @RegisterExtension
    private static final TestServer server = TestServer.quick();

    @AfterAll
    static void theModelWasNeverAsked() {
        assertThat(server.pipeline.finished(), hasSize(0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "{\"prompt\":\"a\"",
                "{\"prompt\":\"a\",}",
                "{'prompt':'a'}",
                "{\"prompt\":\"a\"} {}",
                "{\"prompt\":\"a\",\"prompt\":\"b\"}",
                "{\"prompt\":NaN}",
                "\u0000",
                "null",
                "[]",
                "\"a house\"",
                "7",
                "prompt=a",
                "<prompt/>"
            })
    void malformedJsonIsTheClientsError(String body) {
        post(body)
                .then()
                .statusCode(400)
                .contentType("application/json")
                .body("error.type", is("invalid_request_error"))
                .body("error.param", nullValue())
                .body("error.message", containsString("the body"))
                .body("error.message", not(containsString("Feature")))
                .body("error.message", not(containsString("token")))
                .body("error.message", not(containsString("Json")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"prompt\":NaN}|line 1, column 14: a character that cannot stand there",
                "{\"prompt\":\"a\"|line 1, column 14: it ends too early",
                "{\"prompt\":\"a\",\"prompt\":\"b\"}|a field is there twice",
                "{\"prompt\":\"a\"} {}|something follows after its end",
                "{\"prompt\":\"\\x\"}|a character that cannot stand there",
                "{\"prompt\":01}|a character that cannot stand there",
                "{\"prompt\":tru}|a character that cannot stand there",
            })
    void malformedJsonIsRefusedByPlaceAndReasonInOurWords(String body, String reason) {
        post(body).then().statusCode(400).body("error.message", containsString(reason));
    }

    @Test
    void depthAndLengthOfNumbersAreBoundsWithValues() {
        String deep = "[".repeat(40) + "]".repeat(40);
        for (String value : new String[] {deep, "1".repeat(100)}) {
            post("{\"prompt\":\"a\",\"x\":%s}".formatted(value))
                    .then()
                    .statusCode(400)
                    .body(
                            "error.message",
                            containsString("deeper than 32 levels, or a number has more than 64 digits"));
        }
    }

    @Test
    void anEmptyBodyIsNamed() {
        given().contentType("application/json")
                .post(server.url() + PATH)
                .then()
                .statusCode(400)
                .body("error.message", containsString("no body"));
    }

    @Test
    void bytesThatAreNoUtf8AreTheClientsError() {
        byte[] body = "{\"prompt\":\"??\"}".getBytes(StandardCharsets.US_ASCII);
        body[11] = (byte) 0xc3;
        body[12] = (byte) 0x28;

        given().contentType("application/json")
                .body(body)
                .post(server.url() + PATH)
                .then()
                .statusCode(400)
                .body("error.message", containsString("not valid JSON"));
    }

    @Test
    void deepNestingIsRefusedBeforeItCostsAnything() {
        post("{\"prompt\":\"a\",\"x\":" + "[".repeat(20_000) + "]".repeat(20_000) + "}")
                .then()
                .statusCode(400);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}|prompt",
                "{\"prompt\":null}|prompt",
                "{\"prompt\":\"\"}|prompt",
                "{\"prompt\":\"  \\n\"}|prompt",
                "{\"prompt\":5}|prompt",
                "{\"prompt\":[\"a\"]}|prompt",
                "{\"prompt\":\"a\",\"n\":0}|n",
                "{\"prompt\":\"a\",\"n\":11}|n",
                "{\"prompt\":\"a\",\"n\":1.5}|n",
                "{\"prompt\":\"a\",\"n\":\"many\"}|n",
                "{\"prompt\":\"a\",\"n\":99999999999}|n",
                "{\"prompt\":\"a\",\"n\":1e999999999}|n",
                "{\"prompt\":\"a\",\"n\":true}|n",
                "{\"prompt\":\"a\",\"seed\":9223372036854775808}|seed",
                "{\"prompt\":\"a\",\"seed\":0.5}|seed",
                "{\"prompt\":\"a\",\"seed\":{}}|seed",
                "{\"prompt\":\"a\",\"seed\":9223372036854775807,\"n\":2}|seed",
                "{\"prompt\":\"a\",\"steps\":0}|steps",
                "{\"prompt\":\"a\",\"steps\":151}|steps",
                "{\"prompt\":\"a\",\"steps\":\"few\"}|steps",
                "{\"prompt\":\"a\",\"guidance_scale\":-1}|guidance_scale",
                "{\"prompt\":\"a\",\"guidance_scale\":1e400}|guidance_scale",
                "{\"prompt\":\"a\",\"guidance_scale\":\"high\"}|guidance_scale",
                "{\"prompt\":\"a\",\"negative_prompt\":7}|negative_prompt",
                "{\"prompt\":\"a\",\"size\":\"big\"}|size",
                "{\"prompt\":\"a\",\"size\":\"512\"}|size",
                "{\"prompt\":\"a\",\"size\":\"0x512\"}|size",
                "{\"prompt\":\"a\",\"size\":\"99999x99999\"}|size",
                "{\"prompt\":\"a\",\"size\":512}|size",
                "{\"prompt\":\"a\",\"output_format\":\"gif\"}|output_format",
                "{\"prompt\":\"a\",\"output_format\":\"webp\"}|output_format",
                "{\"prompt\":\"a\",\"output_compression\":101}|output_compression",
                "{\"prompt\":\"a\",\"stream\":\"yes\"}|stream",
                "{\"prompt\":\"a\",\"partial_images\":4}|partial_images",
                "{\"prompt\":\"a\",\"partial_images\":-1}|partial_images",
                "{\"prompt\":\"a\",\"metadata\":\"no\"}|metadata",
                "{\"prompt\":\"a\",\"strict\":1,\"model\":\"x\"}|strict",
                "{\"prompt\":\"a\",\"timeout_seconds\":0}|timeout_seconds",
                "{\"prompt\":\"a\",\"timeout_seconds\":1e300}|timeout_seconds",
            })
    void aWrongValueIsRefusedByItsFieldsName(String body, String param) {
        post(body)
                .then()
                .statusCode(400)
                .body("error.param", is(param))
                .body("error.message", startsWith(param.equals("size") ? "" : param));
    }

    @Test
    void aPromptOfTwoMegabytesIsTooLarge() {
        post("{\"prompt\":\"" + "a".repeat(2 << 20) + "\"}")
                .then()
                .statusCode(413)
                .body("error.code", is("payload_too_large"));
    }

    @Test
    void aClientThatIsStillSendingWhenItIsRefusedReadsWhy() throws IOException {
        for (String framing : new String[] {"Content-Length: 8000000", "Transfer-Encoding: chunked"}) {
            String reply = raw(RawClient.head(PATH, framing) + "7a1200\r\n" + "a".repeat(8_000_000 - 8));

            assertThat(reply, allOf(startsWith("HTTP/1.1 41"), containsString("{\"error\":")));
        }
    }

    @Test
    void aPromptLongerThanOpenAisIsRefused() {
        post("{\"prompt\":\"" + "a".repeat(32_001) + "\"}")
                .then()
                .statusCode(400)
                .body("error.message", containsString("32000"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain",
                "application/x-www-form-urlencoded",
                "nonsense",
                "image/png",
                "application/json; charset=utf-16",
                "multipart/form-data; boundary=x"
            })
    void anotherContentTypeIsRefused(String type) throws IOException {
        String reply = raw(
                "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 2\r\n\r\n{}".formatted(PATH, type));

        assertThat(reply, allOf(startsWith("HTTP/1.1 415"), containsString("\"param\":\"Content-Type\"")));
    }

    @Test
    void aContentTypeOfJsonsKindOrNoneAtAllIsFine() throws IOException {
        for (String type : new String[] {
            "Content-Type: application/json; charset=UTF-8",
            "Content-Type: application/json; charset=utf8",
            "Content-Type: APPLICATION/JSON;CHARSET=\"utf-8\"",
            "X: y",
            "Content-Type: application/problem+json"
        }) {
            String reply =
                    raw("POST %s HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: 2\r\n\r\n{}".formatted(PATH, type));

            assertThat(reply, allOf(startsWith("HTTP/1.1 400"), containsString("prompt is missing")));
        }
    }

    private static Response post(String body) {
        return server.post(PATH, body);
    }

    private static String raw(String request) throws IOException {
        return RawClient.exchange(server.port(), request);
    }
}

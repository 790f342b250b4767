package dev.mobilediffusion.server.clients;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.TestServer;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What SDAI (Android), LibreChat, Nextcloud's assistant and Newelle send, and what they read of the answer. */
final class OtherClientsTest {

    @RegisterExtension
    private static final TestServer server = TestServer.quick().withFiles();

    @Test
    void sdaiFetchesAllItsListsAtTheStart() {
        given().get(server.url()).then().statusCode(200);
        for (String list : new String[] {"loras", "hypernetworks", "script-info", "extensions"}) {
            get(list).then().statusCode(200).body("", hasSize(0));
        }
        get("embeddings").then().statusCode(200).body("loaded", is(Map.of())).body("skipped", is(Map.of()));
        get("scripts").then().statusCode(200).body("txt2img", hasSize(0)).body("img2img", hasSize(0));
        get("samplers")
                .then()
                .statusCode(200)
                .body("[0].aliases", contains("k_euler"))
                .body("[0].options", is(Map.of()));
        get("sd-modules").then().statusCode(404).body("detail", is("Not Found"));
        get("options").then().statusCode(200);
    }

    @Test
    void sdaiSpellsSeedsAsTextAndReadsThemBack() {
        Response reply = txt2img("""
            {"prompt":"a red house","negative_prompt":"","steps":20,"cfg_scale":7,"width":64,"height":64,
             "restore_faces":false,"seed":"41","subseed":"","subseed_strength":0.0,"sampler_index":"Euler a",
             "n_iter":2,"batch_size":1,"alwayson_scripts":{},"enable_hr":false,"override_settings":{}}
            """);

        JsonPath info = new JsonPath(reply.<String>path("info"));
        assertThat(info.getLong("seed"), is(41L));
        assertThat(info.getList("all_seeds", Long.class), contains(41L, 42L));
        assertThat(info.getLong("subseed"), is(-1L));
        assertThat(info.getList("all_subseeds", Long.class), hasSize(2));
        assertThat(info.getDouble("subseed_strength"), is(0.0));
        assertThat(
                info.getList("warnings", String.class),
                contains("the model draws with its own sampler, Euler; another one was asked for"));
        txt2img("{\"prompt\":\"a red house\",\"seed\":\"\"}").then().statusCode(200);
        given().post(server.url() + "/sdapi/v1/interrupt").then().statusCode(200);
    }

    @Test
    void libreChatDrawsAtTwiceTheSizeAndReadsItsInfotext() throws IOException {
        Response reply = txt2img("""
            {"prompt":"a red house","negative_prompt":"snow","cfg_scale":4.5,"steps":22,"width":1024,"height":1024}
            """);

        byte[] file = Base64.getDecoder().decode(reply.<String>path("images[0]"));
        assertThat(ImageIO.read(new ByteArrayInputStream(file)).getWidth(), is(1024));
        JsonPath info = new JsonPath(reply.<String>path("info"));
        assertThat(info.getInt("width"), is(1024));
        assertThat(info.getInt("height"), is(1024));
        assertThat(
                info.getString("infotexts[0]"),
                startsWith("a red house\nNegative prompt: snow\nSteps: 22, Sampler: Euler, CFG scale: 4.5, Seed: "
                        + info.getLong("seed") + ", Size: 1024x1024, Model hash: ababababab, Model: fake"));
        reply.then().body("parameters.steps", is(22));
    }

    @Test
    void nextcloudAndNewelleNameNoModelOfOurs() {
        for (String model : new String[] {"\"gpt-image-1\"", "\"\"", "null"}) {
            given().contentType("application/json")
                    .body("{\"model\":" + model + ",\"prompt\":\"a red house\",\"n\":1,\"size\":\"1024x1024\","
                            + "\"response_format\":\"b64_json\"}")
                    .post(server.url() + "/v1/images/generations")
                    .then()
                    .statusCode(200)
                    .body("data", hasSize(1))
                    .body("size", is("1024x1024"));
        }
    }

    private static Response get(String list) {
        return given().get(server.url() + "/sdapi/v1/" + list);
    }

    private static Response txt2img(String body) {
        return given().contentType("application/json").body(body).post(server.url() + "/sdapi/v1/txt2img");
    }
}

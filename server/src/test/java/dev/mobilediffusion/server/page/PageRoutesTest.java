package dev.mobilediffusion.server.page;

import static io.restassured.RestAssured.given;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.emptyString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import dev.mobilediffusion.server.TestServer;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The page's files over HTTP; what the page does with them is tested in a browser. */
final class PageRoutesTest {

    private static final Path RESOURCES = Path.of("src", "main", "resources", "page");
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html;charset=utf-8",
            "css", "text/css;charset=utf-8",
            "js", "text/javascript;charset=utf-8",
            "svg", "image/svg+xml",
            "webmanifest", "application/manifest+json");

    @RegisterExtension
    private static final TestServer server = TestServer.quick();

    @Test
    void everyFileOfThePageIsServedWithItsType() throws IOException {
        for (String name : onDisk()) {
            byte[] bytes = browser()
                    .get(url(name))
                    .then()
                    .statusCode(200)
                    .header("X-Content-Type-Options", "nosniff")
                    .extract()
                    .asByteArray();

            assertThat(name, bytes, is(Files.readAllBytes(RESOURCES.resolve(name))));
            String type =
                    browser().get(url(name)).contentType().replace(" ", "").toLowerCase(Locale.ROOT);
            assertThat(name, type, is(TYPES.get(name.substring(name.lastIndexOf('.') + 1))));
        }
        assertThat(new TreeSet<>(PageRoutes.FILES), is(onDisk()));
    }

    @Test
    void anUnchangedFileIsNotSentTwice() {
        String tag = browser().get(server.url() + "/").header("ETag");

        assertThat(tag, startsWith("\""));
        browser()
                .header("If-None-Match", tag)
                .get(server.url() + "/")
                .then()
                .statusCode(304)
                .body(emptyString());
        browser()
                .header("If-None-Match", "\"another\"")
                .get(server.url() + "/")
                .then()
                .statusCode(200);
    }

    @Test
    void headTellsOfAFileWithoutIt() {
        given().head(url("page.js"))
                .then()
                .statusCode(200)
                .contentType(startsWith("text/javascript"))
                .header("ETag", not(emptyString()))
                .body(emptyString());
        // The connection still serves
        browser().get(server.url() + "/").then().statusCode(200).body(containsString("<!doctype html>"));
    }

    @Test
    void otherMethodsAreRefusedInTheApisForm() {
        given().post(server.url() + "/")
                .then()
                .statusCode(405)
                .header("Allow", "GET, HEAD")
                .body("error.code", is("method_not_allowed"));
        browser().get(server.url() + "/page/../page/nothing.js").then().statusCode(404);
    }

    @Test
    void thePolicyLetsThePageLoadFromThisServerAlone() {
        String policy = browser().get(server.url() + "/").header("Content-Security-Policy");

        assertThat(policy, startsWith("default-src 'none'; script-src 'self'; style-src 'self';"));
        assertThat(policy, not(containsString("unsafe")));
        assertThat(policy, not(containsString("http")));
    }

    @Test
    void thePageHasNothingInlineAndNamesNoOtherServer() throws IOException {
        String html = Files.readString(RESOURCES.resolve("index.html"));

        assertThat(found("<script(?![^>]*\\bsrc=)|<style|\\sstyle=|\\son\\w+=", html), is(empty()));
        for (String name : onDisk()) {
            String text = Files.readString(RESOURCES.resolve(name)).replace("http://www.w3.org/2000/svg", "");
            assertThat(name, found("(https?:)?//[\\w-]+\\.[\\w.-]+|@import|@font-face", text), is(empty()));
        }
    }

    @Test
    void everyModuleThatAModuleImportsIsServed() throws IOException {
        int imports = 0;
        for (String name : onDisk()) {
            if (name.endsWith(".js")) {
                for (String imported : found("(?<=from \"\\./)[\\w.]+", Files.readString(RESOURCES.resolve(name)))) {
                    assertThat(name + " imports " + imported, PageRoutes.FILES.contains(imported));
                    imports++;
                }
            }
        }
        assertThat(imports, greaterThan(10));
    }

    /** Programs that do not ask for HTML may get something else at {@code /}. */
    private static RequestSpecification browser() {
        return given().accept("text/html,application/xhtml+xml,*/*;q=0.8");
    }

    private static Set<String> onDisk() throws IOException {
        try (Stream<Path> files = Files.list(RESOURCES)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static String url(String name) {
        return server.url() + (name.equals("index.html") ? "/" : "/page/" + name);
    }

    private static List<String> found(String regex, String text) {
        List<String> found = new ArrayList<>();
        Matcher matcher = Pattern.compile(regex).matcher(text);
        while (matcher.find()) {
            found.add(matcher.group());
        }
        return found;
    }
}

package dev.mobilediffusion.server.generation;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.mobilediffusion.runtime.image.ImageFormat;
import dev.mobilediffusion.server.error.ApiException;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

final class RequestDraftTest {

    private static final FieldNames OTHERS = new FieldNames(
            Map.of(Field.GUIDANCE_SCALE, "cfg_scale", Field.N, "batch_size", Field.TIMEOUT_SECONDS, "deadline"));

    @Test
    void whatIsLeftOutIsTheModelsOrTheHousesDefault() {
        JobSpec spec = draft().spec();

        assertThat(spec.count(), is(1));
        assertThat(spec.request().steps(), is(OptionalInt.empty()));
        assertThat(spec.request().guidanceScale(), is(OptionalDouble.empty()));
        assertThat(spec.delivery(), is(Delivery.PNG));
        assertThat(spec.lifetime(), is(Lifetime.ATTACHED));
        assertThat(spec.request().seed(), is(allOf(greaterThanOrEqualTo(0L), lessThan(1L << 32))));
    }

    @Test
    void imageKOfARequestUsesSeedPlusK() {
        JobSpec spec = draft().seed(OptionalLong.of(7)).count(3).spec();

        assertThat(spec.image(0).seed(), is(7L));
        assertThat(spec.image(2).seed(), is(9L));
    }

    @Test
    void eachApiIsToldInItsOwnSpelling() {
        assertRefused(draft -> draft.steps(OptionalInt.of(151)), "steps", "steps must be in [1, 150], got 151");
        assertRefused(
                draft -> draft.guidanceScale(OptionalDouble.of(31)),
                "cfg_scale",
                "cfg_scale must be in [0, 30.0], got 31.0");
        assertRefused(draft -> draft.count(11), "batch_size", "batch_size must be in [1, 10], got 11");
        assertRefused(
                draft -> draft.timeout(OptionalDouble.of(0)), "deadline", "deadline must be in (0, 604800], got 0.0");
        assertRefused(draft -> draft.prompt("  "), "prompt", "prompt must not be empty");
        assertRefused(
                draft -> draft.negativePrompt("a".repeat(32_001)),
                "negative_prompt",
                "negative_prompt must have at most 32000 characters, got 32001");
        assertRefused(draft -> draft.size(512, 15), "height", "height must be in [16, 2048] pixels, got 15");
        assertRefused(
                draft -> draft.format(ImageFormat.WEBP, Set.of(ImageFormat.PNG)),
                "format",
                "format webp cannot be written here; ask for png or jpeg");
        assertRefused(draft -> draft.quality(OptionalInt.of(101)), "quality", "quality must be in [0, 100], got 101");
        assertRefused(draft -> draft.previews(4), "previews", "previews must be in [0, 3], got 4");
    }

    @Test
    void theLastImagesSeedMustNotOverflow() {
        ApiException refusal = assertThrows(
                ApiException.class,
                () -> draft().count(2).seed(OptionalLong.of(Long.MAX_VALUE)).spec());

        assertThat(
                refusal.getMessage(),
                is("seed must be at most 9223372036854775806 for 2 pictures, got 9223372036854775807"));
    }

    private static void assertRefused(UnaryOperator<RequestDraft> change, String param, String message) {
        ApiException refusal = assertThrows(ApiException.class, () -> change.apply(draft()));

        assertThat(refusal.param(), is(param));
        assertThat(refusal.getMessage(), is(message));
    }

    private static RequestDraft draft() {
        return new RequestDraft("test", OTHERS).model("fake").prompt("a house");
    }
}

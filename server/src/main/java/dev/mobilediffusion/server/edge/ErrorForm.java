package dev.mobilediffusion.server.edge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mobilediffusion.server.error.ApiException;

/** How an API's clients read a refusal. */
@FunctionalInterface
public interface ErrorForm {

    /** OpenAI's {@code {"error":{"message","type","param","code"}}}, which all of {@code /v1} speaks. */
    ErrorForm OPENAI = failure ->
            new Body(failure.code().httpStatus(), Errors.body(failure.code(), failure.param(), failure.getMessage()));

    Body of(ApiException failure);

    /**
     * A refusal as it is sent.
     *
     * @param status in HTTP
     * @param json the whole body
     */
    record Body(int status, ObjectNode json) {}
}

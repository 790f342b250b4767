package dev.mobilediffusion.server.job;

import dev.mobilediffusion.server.error.ApiException;
import dev.mobilediffusion.server.error.ErrorCode;

/**
 * Why a job has no image.
 *
 * @param code from the one table
 * @param param the request's field that is to blame; empty for none
 * @param message a sentence for the client
 */
public record JobError(ErrorCode code, String param, String message) {

    public static JobError of(ErrorCode code, String message) {
        return new JobError(code, "", message);
    }

    public static JobError of(ApiException failure) {
        return new JobError(failure.code(), failure.param(), failure.getMessage());
    }

    public ApiException toException() {
        return ApiException.of(code, param, message);
    }
}

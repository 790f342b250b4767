package dev.mobilediffusion.runtime;

import java.util.Locale;
import java.util.Objects;

/** The runtime's only exception: a code that callers branch on and a sentence for people. */
public final class InferenceException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Why an image could not be drawn, or a model not loaded. */
    public enum Code {
        /** A value of the request is out of range; {@link #param} names it. */
        INVALID_REQUEST,
        /** The model's files are missing, altered, or not of a kind that can run here. */
        INVALID_BUNDLE,
        /** The token of the request fired. */
        CANCELLED,
        /** ONNX Runtime failed, or a network gave something other than it promises. */
        INFERENCE_FAILED
    }

    private final Code code;
    private final String param;

    public InferenceException(Code code, String message) {
        this(code, "", message, null);
    }

    public InferenceException(Code code, String message, Throwable cause) {
        this(code, "", message, cause);
    }

    private InferenceException(Code code, String param, String message, Throwable cause) {
        super(message, cause);
        this.code = Objects.requireNonNull(code, "code");
        this.param = param;
    }

    /** An {@link Code#INVALID_REQUEST} about the request's field {@code param}, in lower case with underscores. */
    public static InferenceException invalid(String param, String format, Object... args) {
        return new InferenceException(Code.INVALID_REQUEST, param, String.format(Locale.ROOT, format, args), null);
    }

    public Code code() {
        return code;
    }

    /** The field that is wrong; empty where the code is not {@link Code#INVALID_REQUEST}. */
    public String param() {
        return param;
    }
}
